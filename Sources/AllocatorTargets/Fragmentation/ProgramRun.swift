/// A program on its way on an allocator: step by step, each with the addresses of those before.
struct ProgramRun {
  private struct Block {
    var slot: UInt32
    var bytes: Int
    var fill: Int
    var address: UInt64
  }

  private let allocator: any MeasuredAllocator
  private let peakLiveBytes: Int
  private let callLimit: Int
  private let mostSlots: Int
  private var live: [Block] = []
  private var liveBytes = 0
  private var unused: [UInt32] = []
  private var slotCount: UInt32 = 0
  private var fillCount = 0
  /// The modulus of the last step that looked at what blocks cover, and the number that it chose.
  private var covered: (bytes: Int, number: Int)?

  /// Calls so far.
  private(set) var calls = 0
  /// The most bytes live, as they were asked for, and those live now.
  private(set) var mostLiveBytes: UInt64 = 0
  /// The largest request that was served.
  private(set) var largestBytes: UInt64 = 0
  /// The most bytes held after a step, and those after the last.
  private(set) var mostHeldBytes: UInt64 = 0
  private(set) var heldBytes: UInt64 = 0

  /// Bytes live now.
  var finalLiveBytes: UInt64 { UInt64(liveBytes) }

  /// Begins on an empty allocator, under a cap of live bytes and of calls.
  init(
    _ allocator: any MeasuredAllocator, peakLiveBytes: Int, callLimit: Int, arenaBytes: UInt64
  ) throws(TargetError) {
    self.allocator = allocator
    self.peakLiveBytes = peakLiveBytes
    self.callLimit = callLimit
    mostSlots = peakLiveBytes / FragmentingProgram.smallestBytes + 1
    try allocator.begin(slotCount: mostSlots, arenaBytes: arenaBytes)
  }

  /// Does one step. What the allocator refuses is left out.
  mutating func perform(_ step: FragmentingProgram.Step) throws(TargetError) {
    switch step {
    case .fill(let bytes, let sixteenths):
      fillCount += 1
      let room = (peakLiveBytes - liveBytes) / 16 * sixteenths
      try take(min(room / max(bytes, 1), callLimit - calls, mostSlots - live.count), bytes)
    case .release(let kept, let offset, let isLastFillOnly):
      var index = 0
      try keep { block, fill in
        guard !isLastFillOnly || block.fill == fill else { return true }
        defer { index += 1 }
        return kept > 0 && index % kept == offset
      }
    case .spans(let bytes, let isLastFillOnly):
      var seen: Set<UInt64> = []
      try keep { block, fill in
        guard !isLastFillOnly || block.fill == fill else { return true }
        return seen.insert(block.address / UInt64(bytes)).inserted
      }
    case .covering(let bytes, let extent):
      let number = coveredNumber(bytes, extent)
      covered = (bytes, number)
      try keep { block, _ in Self.covers(block, number, bytes, extent) }
    }
  }

  private mutating func take(_ count: Int, _ bytes: Int) throws(TargetError) {
    guard count > 0 else { return }
    var wanted: [TargetOperation] = []
    wanted.reserveCapacity(count)
    for _ in 0..<count {
      let slot = unused.popLast() ?? slotCount
      if slot == slotCount { slotCount += 1 }
      var call = TargetOperation()
      call.slot = slot
      call.bytes = UInt64(bytes)
      call.tag = 0x6761_7246
      wanted.append(call)
    }
    for (call, answer) in zip(wanted, try run(wanted)) {
      guard answer.isDone else {
        unused.append(call.slot)
        continue
      }
      live.append(Block(slot: call.slot, bytes: bytes, fill: fillCount, address: answer.address))
      liveBytes += bytes
      largestBytes = max(largestBytes, UInt64(bytes))
    }
    mostLiveBytes = max(mostLiveBytes, UInt64(liveBytes))
  }

  private mutating func keep(_ stays: (Block, Int) -> Bool) throws(TargetError) {
    var rest: [Block] = []
    var wanted: [TargetOperation] = []
    for block in live {
      guard calls + wanted.count < callLimit, !stays(block, fillCount) else {
        rest.append(block)
        continue
      }
      var call = TargetOperation()
      call.call = .free
      call.slot = block.slot
      wanted.append(call)
      unused.append(block.slot)
      liveBytes -= block.bytes
    }
    live = rest
    _ = try run(wanted)
  }

  private mutating func run(_ wanted: [TargetOperation]) throws(TargetError) -> [MeasuredAnswer] {
    guard !wanted.isEmpty else { return [] }
    var wanted = wanted
    wanted[wanted.count - 1].isMeasured = true
    calls += wanted.count
    let answers = try allocator.run(wanted)
    heldBytes = answers.last?.heldBytes ?? heldBytes
    mostHeldBytes = max(mostHeldBytes, heldBytes)
    return answers
  }

  // MARK: What blocks cover

  /// The number modulo `bytes` whose blocks waste most of their stretches.
  private func coveredNumber(_ bytes: Int, _ extent: FragmentingProgram.Extent) -> Int {
    guard let covered else {
      return live.first.map { Int($0.address % UInt64(bytes)) - extent.headerBytes } ?? 0
    }
    // At most 64 of them are looked at: one step of doubling has two.
    let count = min(max(bytes / max(covered.bytes, 1), 1), 64)
    let numbers = (0..<count).map { (covered.number + $0 * covered.bytes) % bytes }
    let wastes = numbers.map { number in
      live.reduce(into: 0) { sum, block in
        if Self.covers(block, number, bytes, extent) {
          sum += max(bytes - extent.blockBytes(block.bytes), 0)
        }
      }
    }
    let best = wastes.indices.max { (wastes[$0], $1) < (wastes[$1], $0) } ?? 0
    return numbers[best]
  }

  private static func covers(
    _ block: Block, _ number: Int, _ bytes: Int, _ extent: FragmentingProgram.Extent
  ) -> Bool {
    let start = Int(truncatingIfNeeded: block.address) - extent.headerBytes
    let distance = ((number - start) % bytes + bytes) % bytes
    return distance < extent.blockBytes(block.bytes)
  }
}
