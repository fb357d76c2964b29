import PoolBounds

/// Whether a trial remembers its operations.
enum Recording {
  case off
  case on
}

/// One run of a candidate on an allocator: keeps the cap, applies the remedy, counts operations and
/// remembers them if a trace is wanted.
struct Trial<Target: AllocatorTarget & ~Copyable>: ~Copyable {

  var pool: Target
  let peakLiveUnits: Int
  let remedy: Remedy
  private let requested: PoolGeometry
  private(set) var operations = 0
  private(set) var trace: [AbstractOperation] = []
  private let recording: Recording
  /// Blocks that a rule keeps from being released, by their units, and the units of each block that
  /// it may keep.
  private var parked: [Int: [BlockHandle]] = [:]
  private var parkableUnits: [BlockHandle: Int] = [:]

  init(_ question: SearchQuestion, on target: consuming Target, recording: Recording) {
    requested = question.geometry
    remedy = question.remedy
    peakLiveUnits = question.peakLiveUnits
    pool = target
    self.recording = recording
  }

  /// Pages at their highest.
  var pages: Int { pool.footprint.peakPagesHeld }

  /// Units that a request for `units` gets, brought into the range of sizes.
  func granted(_ units: Int) -> Int {
    let least = requested.smallestBlockUnits
    let inRange = min(max(units, least), requested.largestBlockUnits)
    return remedy.granted(inRange, requested)
  }

  /// Takes a block, or nil if that would exceed the cap.
  mutating func allocate(units: Int) -> BlockHandle? {
    let units = granted(units)
    if let handle = parked[units]?.popLast() {
      operations &+= 1
      return handle
    }
    guard pool.footprint.liveUnits + units <= peakLiveUnits else { return nil }
    let handle = pool.allocate(units: units)
    operations &+= 1
    if recording == .on {
      trace.append(.allocate(slot: Int(handle.index), units: units, rank: 0))
    }
    if remedy.parkedBlocks(units: units, requested) > 0 { parkableUnits[handle] = units }
    return handle
  }

  mutating func free(_ handle: BlockHandle) {
    operations &+= 1
    if park(handle) { return }
    if recording == .on { trace.append(.free(slot: Int(handle.index))) }
    pool.free(handle)
  }

  /// Keeps a block for the next request of its size; false where no rule wants it. For the pool it
  /// stays live, so the trace does not release it.
  private mutating func park(_ handle: BlockHandle) -> Bool {
    guard let units = parkableUnits[handle] else { return false }
    guard parked[units, default: []].count < remedy.parkedBlocks(units: units, requested) else {
      parkableUnits[handle] = nil
      return false
    }
    parked[units, default: []].append(handle)
    return true
  }
}
