import KernelPool
import PoolTrace
import PropertyTesting

/// What an allocator holds for a trace, and what keeps its pages at the worst moment.
///
/// Live are the bytes that callers asked for: headers and rounding are the allocator's own affair.
/// Held is what it says itself, or the growth of its process's resident memory. It is read at some two
/// thousand operations of a trace, evenly spread, where most is live, and at the end.
public struct FootprintFigures: Sendable {
  /// What is held and live behind an operation.
  public struct Moment: Sendable, Equatable {
    /// The operation, from 1.
    public let operation: Int
    /// Bytes held.
    public let heldBytes: UInt64
    /// Bytes live.
    public let liveBytes: UInt64
    /// Pages of which live blocks take less than a tenth.
    public let pinnedPages: Int

    /// Held over live; 0 where nothing is live.
    public var heldOverLive: Double {
      liveBytes == 0 ? 0 : Double(heldBytes) / Double(liveBytes)
    }
    /// Bytes that are held and not live.
    var gapBytes: UInt64 { heldBytes - min(heldBytes, liveBytes) }
  }

  /// The allocator.
  public let name: String
  /// Operations of the trace that mean something to an allocator.
  public let operations: Int
  /// Requests that were refused.
  public let refusals: Int
  /// The most bytes live after any operation.
  public let peakLiveBytes: UInt64
  /// Every moment that was measured, in order.
  public let moments: [Moment]
  /// The moment with the most bytes held and not live; nil where nothing was measured.
  public let worst: Moment?
  /// What keeps pages at that moment.
  public let pins: PinnedPages

  /// The most bytes held.
  public var peakHeldBytes: UInt64 { moments.map(\.heldBytes).max() ?? 0 }
  /// The most bytes held over the most bytes live.
  public var peakHeldOverPeakLive: Double {
    peakLiveBytes == 0 ? 0 : Double(peakHeldBytes) / Double(peakLiveBytes)
  }
  /// The average of held over live, over moments at which anything is live.
  public var averageHeldOverLive: Double {
    let ratios = moments.filter { $0.liveBytes > 0 }.map(\.heldOverLive)
    return ratios.isEmpty ? 0 : ratios.reduce(0, +) / Double(ratios.count)
  }
  /// Held over live where most is live first.
  public var heldOverLiveAtPeakLive: Double { first(\.liveBytes)?.heldOverLive ?? 0 }
  /// Held over live where most is held first.
  public var heldOverLiveAtPeakHeld: Double { first(\.heldBytes)?.heldOverLive ?? 0 }

  private func first(_ value: (Moment) -> UInt64) -> Moment? {
    moments.reduce(Moment?.none) { best, moment in
      best.map { value(moment) > value($0) ? moment : $0 } ?? moment
    }
  }

  /// At most so many moments, evenly spread, the worst and the last among them.
  public func moments(atMost limit: Int) -> [Moment] {
    let stride = max(1, (moments.count + limit - 1) / max(limit, 1))
    return moments.enumerated().filter { index, moment in
      index % stride == 0 || index == moments.count - 1 || moment == worst
    }.map(\.element)
  }
}

// MARK: Measuring

extension FootprintFigures {
  /// Runs a trace on a library, in a process of its own, and measures.
  public static func measured(
    _ trace: TargetTrace, on settings: TargetSettings, name: String, executable: String
  ) throws(TargetError) -> FootprintFigures {
    try measured(trace, on: MeasuredLibrary(settings, name: name, executable: executable))
  }

  /// Runs a trace on the model of a version, all of it in the nonpaged pool, and measures.
  public static func measured(
    _ trace: TargetTrace, on profile: Profile
  ) throws(TargetError) -> FootprintFigures {
    try measured(trace, on: MeasuredModel(profile))
  }

  private static func measured(
    _ trace: TargetTrace, on allocator: some MeasuredAllocator
  ) throws(TargetError) -> FootprintFigures {
    let places = trace.operations.indices.filter { trace.operations[$0].isOfOneBlock }
    let calls = places.map { trace.operations[$0] }
    let answers = calls.map { _ in MeasuredAnswer(address: 0, isDone: true) }
    let expected = LiveStory(calls, answers)
    var marked = calls
    let stride = max(1, calls.count / 2000)
    for index in marked.indices {
      marked[index].isMeasured =
        index % stride == stride - 1 || index == expected.peakIndex || index == calls.count - 1
    }
    let slotCount = (calls.map { Int($0.slot) }.max() ?? 0) + 1
    try allocator.begin(
      slotCount: slotCount,
      arenaBytes: arenaBytes(trace.configuration, peakLiveBytes: expected.peakBytes))
    return FootprintFigures(allocator.name, marked, places, try allocator.run(marked))
  }

  /// What an allocator of fixed size gets: the trace's arena, more where four times what is live at most
  /// is more. A table over several must not be decided by how much one of them has.
  private static func arenaBytes(_ setup: TargetSetup, peakLiveBytes: UInt64) -> UInt64 {
    let wanted = peakLiveBytes &* 4 &+ (1 << 20)
    return min(max(setup.arenaBytes, (wanted + 4095) & ~4095), TargetSetup.largestArena)
  }

  /// `places` are the indices of the calls among all operations of the trace.
  private init(
    _ name: String, _ calls: [TargetOperation], _ places: [Int], _ answers: [MeasuredAnswer]
  ) {
    let story = LiveStory(calls, answers)
    self.name = name
    operations = calls.count
    refusals = story.refusals
    peakLiveBytes = story.peakBytes
    moments = answers.indices.compactMap { index in
      answers[index].heldBytes.map {
        Moment(
          operation: places[index] + 1, heldBytes: $0, liveBytes: story.liveBytes[index],
          pinnedPages: story.pinnedPages[index])
      }
    }
    worst = moments.max { ($0.gapBytes, $1.operation) < ($1.gapBytes, $0.operation) }
    let last = worst?.operation ?? 0
    let until = places.prefix { $0 < last }.count
    let atWorst = LiveStory(Array(calls.prefix(until)), Array(answers.prefix(until)))
    pins = PinnedPages(atWorst.blocks.compactMap { $0 })
  }
}

extension TargetOperation {
  /// Whether it takes, gives back or changes the size of a block.
  fileprivate var isOfOneBlock: Bool {
    switch call {
    case .allocate, .allocateZeroed, .reallocate, .resize, .free, .freeSized: true
    case .fill, .verify, .addRegion, .resizeArena, .reset, .misuse, .thread, .endThread: false
    }
  }
}

/// What is live behind each call of a program, by what the allocator answered.
private struct LiveStory {
  private(set) var blocks: [LivePlace?] = []
  private(set) var liveBytes: [UInt64] = []
  private(set) var pinnedPages: [Int] = []
  private(set) var peakBytes: UInt64 = 0
  private(set) var peakIndex = 0
  private(set) var refusals = 0

  init(_ calls: [TargetOperation], _ answers: [MeasuredAnswer]) {
    var live: UInt64 = 0
    var loads = PageLoads()
    liveBytes.reserveCapacity(calls.count)
    pinnedPages.reserveCapacity(calls.count)
    for (call, answer) in zip(calls, answers) {
      let slot = Int(call.slot)
      while blocks.count <= slot { blocks.append(nil) }
      let old = blocks[slot]
      if answer.isDone {
        blocks[slot] = block(call, answer, old)
        live = live &- (old?.bytes ?? 0) &+ (blocks[slot]?.bytes ?? 0)
        if let old { loads.remove(old) }
        if let block = blocks[slot] { loads.add(block) }
      } else if call.call == .reallocate || old == nil && call.isAllocation {
        refusals += 1
      }
      if live > peakBytes { (peakBytes, peakIndex) = (live, liveBytes.count) }
      liveBytes.append(live)
      pinnedPages.append(loads.pinnedPages)
    }
  }

  private func block(
    _ call: TargetOperation, _ answer: MeasuredAnswer, _ old: LivePlace?
  ) -> LivePlace? {
    switch call.call {
    case .allocate, .allocateZeroed:
      LivePlace(address: answer.address, bytes: call.requestedBytes ?? 0, tag: call.tag)
    case .reallocate where call.bytes == 0 && answer.address == 0: nil
    case .reallocate, .resize:
      LivePlace(address: answer.address, bytes: call.bytes, tag: old?.tag ?? call.tag)
    default: nil
    }
  }
}

extension TargetOperation {
  fileprivate var isAllocation: Bool { call == .allocate || call == .allocateZeroed }
}
