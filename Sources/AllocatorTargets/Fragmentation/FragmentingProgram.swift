import PropertyTesting

/// A short program that tries to make an allocator hold much for little: it fills up to the cap with
/// blocks of one size, gives most of them back by a pattern, fills again.
///
/// It never looks at the allocator, so that one program means the same for all of them, and a worker
/// is asked once for a hundred thousand calls instead of a hundred thousand times. Robson's program
/// (keep every second block, double the size), the comb (keep one block a page, then refill with what
/// fits into no hole) and the churn of the story are all of this kind.
struct FragmentingProgram: Sendable, Hashable {
  /// One step.
  enum Step: Sendable, Hashable {
    /// Takes blocks of so many bytes until so many sixteenths of what the cap leaves are used.
    case fill(bytes: Int, sixteenths: Int)
    /// Gives back all blocks, or those of the last fill, but every `kept`th.
    case release(kept: Int, offset: Int, isLastFillOnly: Bool)
  }

  /// The steps.
  var steps: [Step]

  /// The most steps.
  static let mostSteps = 16
  /// Sizes in bytes that a step may ask for. Below 16 bytes it is an allocator's overhead for a block
  /// that would be compared, not its fragmentation.
  static let sizes = 16...65_536

  /// The calls under a cap of live bytes, at most so many; the footprint is measured after each step
  /// and in its middle.
  func calls(peakLiveBytes: Int, callLimit: Int) -> [TargetOperation] {
    var story = Story(peakLiveBytes: peakLiveBytes, callLimit: callLimit)
    for step in steps { story.perform(step) }
    return story.calls
  }

  private struct Story {
    let peakLiveBytes: Int
    let callLimit: Int
    var calls: [TargetOperation] = []
    private var live: [(slot: UInt32, bytes: Int, fill: Int)] = []
    private var liveBytes = 0
    private var unused: [UInt32] = []
    private var slotCount: UInt32 = 0
    private var fillCount = 0

    init(peakLiveBytes: Int, callLimit: Int) {
      self.peakLiveBytes = peakLiveBytes
      self.callLimit = callLimit
    }

    mutating func perform(_ step: Step) {
      let start = calls.count
      switch step {
      case .fill(let bytes, let sixteenths):
        fillCount += 1
        let goal = liveBytes + (peakLiveBytes - liveBytes) / 16 * sixteenths
        while liveBytes + bytes <= goal, calls.count < callLimit { take(bytes) }
      case .release(let kept, let offset, let isLastFillOnly):
        var rest: [(slot: UInt32, bytes: Int, fill: Int)] = []
        var index = 0
        for block in live {
          let isOutside = isLastFillOnly && block.fill != fillCount
          let stays = isOutside || index % kept == offset || calls.count >= callLimit
          if !isOutside { index += 1 }
          if stays { rest.append(block) } else { give(block.slot, block.bytes) }
        }
        live = rest
      }
      guard calls.count > start else { return }
      calls[calls.count - 1].isMeasured = true
      calls[(start + calls.count) / 2].isMeasured = true
    }

    private mutating func take(_ bytes: Int) {
      let slot = unused.popLast() ?? slotCount
      if slot == slotCount { slotCount += 1 }
      var call = TargetOperation()
      call.slot = slot
      call.bytes = UInt64(bytes)
      call.tag = 0x6761_7246
      calls.append(call)
      live.append((slot, bytes, fillCount))
      liveBytes += bytes
    }

    private mutating func give(_ slot: UInt32, _ bytes: Int) {
      var call = TargetOperation()
      call.call = .free
      call.slot = slot
      calls.append(call)
      unused.append(slot)
      liveBytes -= bytes
    }
  }
}

extension FragmentingProgram: CustomStringConvertible {
  /// The steps in words.
  var description: String {
    steps.map { step in
      switch step {
      case .fill(let bytes, let sixteenths):
        sixteenths == 16 ? "fill \(bytes)" : "fill \(bytes) to \(sixteenths)/16"
      case .release(let kept, _, let isLastFillOnly):
        "keep 1 in \(kept)\(isLastFillOnly ? " of the last" : "")"
      }
    }.joined(separator: ", ")
  }
}

// MARK: Search

extension FragmentingProgram {
  /// Programs that are known to be bad: every search begins with them.
  static let known: [FragmentingProgram] = [
    doubling(from: 16, keeping: 2), doubling(from: 32, keeping: 2), doubling(from: 24, keeping: 3),
    comb(24, pageBytes: 4096), comb(100, pageBytes: 4096), comb(16, pageBytes: 65_536), churn,
  ]

  /// Robson's: sizes double, one block in two (or three) stays.
  private static func doubling(from bytes: Int, keeping kept: Int) -> FragmentingProgram {
    var steps: [Step] = []
    var size = bytes
    while size <= 16_384, steps.count + 2 <= mostSteps {
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

  static func random(_ random: inout Xoshiro256) -> FragmentingProgram {
    let count = 2 + Int(random.draw(below: 8))
    return FragmentingProgram(steps: (0..<count).map { _ in randomStep(&random) })
  }

  private static func randomStep(_ random: inout Xoshiro256) -> Step {
    guard random.draw(below: 2) == 0 else {
      let width = 4 + random.draw(below: 13)
      let bytes = 1 << width | random.draw(below: 1 << width)
      let share = random.draw(below: 3) == 0 ? 1 + random.draw(below: 16) : 16
      return .fill(bytes: min(Int(bytes), sizes.upperBound), sixteenths: Int(share))
    }
    let kept = 2 + Int(random.draw(below: random.draw(below: 2) == 0 ? 6 : 300))
    return .release(
      kept: kept, offset: Int(random.draw(below: 2)), isLastFillOnly: random.draw(below: 4) == 0)
  }

  /// A changed copy.
  func mutated(_ random: inout Xoshiro256) -> FragmentingProgram {
    var copy = self
    for _ in 0...random.draw(below: 3) {
      let index = Int(random.draw(below: UInt64(copy.steps.count)))
      switch random.draw(below: 6) {
      case 0: copy.steps[index] = Self.randomStep(&random)
      case 1: if copy.steps.count > 1 { copy.steps.remove(at: index) }
      case 2:
        if copy.steps.count < Self.mostSteps {
          copy.steps.insert(Self.randomStep(&random), at: index)
        }
      default: copy.steps[index] = Self.adjusted(copy.steps[index], &random)
      }
    }
    return copy
  }

  private static func adjusted(_ step: Step, _ random: inout Xoshiro256) -> Step {
    switch step {
    case .fill(let bytes, let sixteenths):
      let factors = [bytes / 2, bytes - 1, bytes + 1, bytes - 8, bytes + 8, bytes + 16, bytes * 2]
      let next = factors[Int(random.draw(below: UInt64(factors.count)))]
      return .fill(
        bytes: min(max(next, sizes.lowerBound), sizes.upperBound), sixteenths: sixteenths)
    case .release(let kept, let offset, let isLastFillOnly):
      let choices = [kept - 1, kept + 1, kept / 2, kept * 2]
      let next = choices[Int(random.draw(below: UInt64(choices.count)))]
      return .release(
        kept: min(max(next, 2), 1 << 20), offset: offset, isLastFillOnly: isLastFillOnly)
    }
  }
}
