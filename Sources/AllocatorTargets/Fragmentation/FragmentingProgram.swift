/// A short program that tries to make an allocator hold much for little: it fills up to a cap with blocks
/// of one size, gives most of them back by a pattern, fills again.
///
/// Some patterns look at the addresses that the allocator gave: which blocks stay is then decided by
/// where they lie, as in Robson's proof that every allocator can be made to fragment. What a program
/// does on an allocator is its `ProgramRun`.
struct FragmentingProgram: Sendable, Hashable {
  /// One step.
  enum Step: Sendable, Hashable {
    /// Takes blocks of so many bytes until so many sixteenths of what the cap leaves are used.
    case fill(bytes: Int, sixteenths: Int)
    /// Gives back all blocks, or those of the last fill, but every `kept`th; with 0 none stays.
    case release(kept: Int, offset: Int, isLastFillOnly: Bool)
    /// Gives back all blocks, or those of the last fill, but the first in each span of so many bytes of
    /// addresses.
    case spans(bytes: Int, isLastFillOnly: Bool)
    /// Gives back all blocks but those that cover, as far as their extent goes, an address that is one
    /// number modulo `bytes`. Of the numbers that were the last step's modulo the last
    /// step's bytes it is the one for which the blocks that stay waste most: Robson's choice.
    case covering(bytes: Int, Extent)
  }

  /// What a program takes a block to fill.
  enum Extent: Sendable, Hashable {
    /// What was asked for and a header of so many bytes in front.
    case header(Int)
    /// The power of two that holds what was asked for, as in a buddy system, but no less than the
    /// smallest.
    case powerOfTwo(smallest: Int)

    /// The bytes before the address that the caller has.
    var headerBytes: Int { if case .header(let bytes) = self { bytes } else { 0 } }

    /// All bytes of a block for so many.
    func blockBytes(_ bytes: Int) -> Int {
      switch self {
      case .header(let header): bytes + header
      case .powerOfTwo(let smallest):
        max(smallest, bytes < 2 ? 1 : 1 << (Int.bitWidth - (bytes - 1).leadingZeroBitCount))
      }
    }

    /// The request that wastes most of a block of so many bytes, a power of two: all that is not the
    /// header, or one more than half. In the smallest block that is half of it: nobody counts less.
    fileprivate func request(filling blockBytes: Int) -> Int {
      switch self {
      case .header(let header): blockBytes - header
      case .powerOfTwo(let smallest): blockBytes / 2 + (blockBytes > smallest ? 1 : 0)
      }
    }
  }

  /// The steps.
  var steps: [Step]

  /// The most steps: room for the finest ladder and as much again.
  static let mostSteps = 1024
  /// The least bytes that a step of a search asks for: of smaller blocks it is an allocator's overhead for
  /// each that would be compared, not its fragmentation. The most are half of the cap.
  static let smallestBytes = 16
  /// Spans of addresses in bytes.
  static let spanSizes = [4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144]
}

extension FragmentingProgram: CustomStringConvertible {
  /// The steps in words; a long repetition is told by its first and last part.
  var description: String {
    let words = steps.map(Self.words)
    guard words.count > 12 else { return words.joined(separator: ", ") }
    return words.prefix(4).joined(separator: ", ") + ", ... (\(words.count) steps), "
      + words.suffix(4).joined(separator: ", ")
  }

  private static func words(_ step: Step) -> String {
    switch step {
    case .fill(let bytes, let sixteenths):
      sixteenths == 16 ? "fill \(bytes)" : "fill \(bytes) to \(sixteenths)/16"
    case .release(let kept, _, let isLastFillOnly):
      "keep \(kept == 0 ? "none" : "1 in \(kept)")\(isLastFillOnly ? " of the last" : "")"
    case .spans(let bytes, let isLastFillOnly):
      "keep 1 in each \(bytes) of addresses\(isLastFillOnly ? " of the last" : "")"
    case .covering(let bytes, _): "keep what covers one address in \(bytes)"
    }
  }
}

// MARK: By hand

extension FragmentingProgram {
  /// A program that somebody thought of.
  struct ByHand: Sendable {
    /// What it is called.
    var name: String
    /// The program.
    var program: FragmentingProgram
  }

  /// Programs that are known to be bad under a cap of live bytes: every search begins with them.
  static func byHand(peakLiveBytes: Int) -> [ByHand] {
    var list = [
      ByHand(name: "doubling", program: doubling(from: 16, keeping: 2)),
      ByHand(name: "doubling", program: doubling(from: 32, keeping: 2)),
      ByHand(name: "doubling by thirds", program: doubling(from: 24, keeping: 3)),
      ByHand(name: "comb", program: comb(24, pageBytes: 4096)),
      ByHand(name: "comb", program: comb(100, pageBytes: 4096)),
      ByHand(name: "comb", program: comb(16, pageBytes: 65_536)),
      ByHand(name: "churn", program: churn),
    ]
    for classes in [4, 8] {
      for span in spanSizes where span <= peakLiveBytes / 4 {
        let steps = ladder(
          .spans(bytes: span, isLastFillOnly: true), classes: classes,
          largest: min(span, peakLiveBytes / 2))
        list.append(ByHand(name: "ladder", program: FragmentingProgram(steps: steps)))
      }
    }
    for classes in [4, 32] {
      let steps = ladder(
        .release(kept: 0, offset: 0, isLastFillOnly: true), classes: classes,
        largest: peakLiveBytes / 2)
      list.append(
        ByHand(name: "ladder that keeps nothing", program: FragmentingProgram(steps: steps)))
    }
    for (first, extent) in [
      (16, Extent.header(0)), (32, .header(0)), (32, .header(8)), (32, .header(16)),
      (32, .powerOfTwo(smallest: 32)),
    ] {
      let steps = robson(from: first, extent, peakLiveBytes)
      list.append(ByHand(name: "Robson", program: FragmentingProgram(steps: steps)))
    }
    for span in [4096, 16_384, 65_536] where span <= peakLiveBytes / 4 {
      for header in [0, 8] {
        let steps =
          ladder(.spans(bytes: span, isLastFillOnly: true), classes: 4, largest: 1024)
          + robson(from: 2048, .header(header), peakLiveBytes)
        list.append(
          ByHand(name: "ladder, then Robson", program: FragmentingProgram(steps: steps)))
      }
    }
    return list
  }

  /// One size after the other, so many to a doubling as classes of sizes are, and a step behind each fill.
  /// One that leaves a block in each span of addresses keeps what allocators keep for one class; one that
  /// leaves nothing shows what they keep of freed blocks, class by class.
  private static func ladder(_ between: Step, classes: Int, largest: Int) -> [Step] {
    var steps: [Step] = []
    var bytes = smallestBytes
    while bytes <= largest, steps.count + 2 <= mostSteps {
      steps.append(.fill(bytes: bytes, sixteenths: 16))
      steps.append(between)
      let doubling = 1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount)
      bytes += max(doubling / classes, 16)
    }
    return steps
  }

  /// Robson's: sizes double, and what stays covers one address of each stretch of the next size, so that
  /// no such stretch becomes free.
  private static func robson(
    from first: Int, _ extent: Extent, _ peakLiveBytes: Int
  ) -> [Step] {
    var steps: [Step] = []
    var bytes = first
    while bytes <= peakLiveBytes / 2, steps.count + 2 <= mostSteps {
      if bytes > first {
        steps.append(.covering(bytes: bytes, extent))
      }
      steps.append(.fill(bytes: extent.request(filling: bytes), sixteenths: 16))
      bytes *= 2
    }
    return steps
  }

  /// Robson's without addresses: sizes double, one block in two (or three) stays.
  private static func doubling(from bytes: Int, keeping kept: Int) -> FragmentingProgram {
    var steps: [Step] = []
    var size = bytes
    while size <= 16_384 {
      steps.append(.fill(bytes: size, sixteenths: 16))
      steps.append(.release(kept: kept, offset: 0, isLastFillOnly: false))
      size *= 2
    }
    return FragmentingProgram(steps: steps)
  }

  /// One block a page stays, then come blocks for which no hole is large enough.
  private static func comb(_ bytes: Int, pageBytes: Int) -> FragmentingProgram {
    FragmentingProgram(steps: [
      .fill(bytes: bytes, sixteenths: 16),
      .release(kept: max(2, pageBytes / (bytes + 8)), offset: 0, isLastFillOnly: false),
      .fill(bytes: pageBytes - bytes / 2, sixteenths: 16),
    ])
  }

  /// The story's: blocks of 0xF10 bytes come and go, small ones settle beside them and stay.
  private static let churn = FragmentingProgram(
    steps: [0xF10, 0xF48, 0xF78, 0xFA0].flatMap { bytes -> [Step] in
      [
        .fill(bytes: bytes, sixteenths: 15), .fill(bytes: 24, sixteenths: 8),
        .release(kept: 1 << 20, offset: 1, isLastFillOnly: false),
      ]
    })
}
