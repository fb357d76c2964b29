import Platform

/// Runs a trace on the allocator under test, in the worker's expendable process.
///
/// It asks nobody for memory while a trace runs: the process's own allocator may be the one under
/// test, or may have been overwritten by it. What callers own lies in tables that were mapped before.
struct TraceExecutor {
  let library: TargetLibrary
  /// Where the trace is; that of a batch's trace while it is run.
  private(set) var area: SharedArea
  private let option: UnsafePointer<CChar>
  var allocator: UnsafeMutableRawPointer?
  let owned: UnsafeMutablePointer<Owned>
  /// Two pages that are none of the allocator's.
  let foreign: UnsafeMutableRawPointer
  let resident = ResidentSet()
  var threads: TargetThreads
  var isStopped = false
  /// Whether owners only touch what they are given: the round tells of a leak and of nothing else.
  var isTouchedOnly = false
  /// Slots that the trace names lie below it.
  private var slotCount = 0
  var arenas: Arenas?

  /// What the owner of a slot knows.
  struct Owned {
    var address: UnsafeMutableRawPointer?
    var tag: UInt32 = 0
    var isSeen = false
    /// Bytes that were asked for, and at which alignment.
    var requested = 0
    var alignment: UInt64 = 0
    /// Bytes that carry the pattern.
    var bytes = 0
    var usable = 0
    var seed: UInt64 = 0
  }

  /// The memory that the allocator is given.
  struct Arenas {
    var arena: GuardedMemory
    /// What `grow` of the configuration works on.
    let growing: UnsafeMutablePointer<GrowingMemory>
    let regions: UnsafeMutablePointer<GuardedMemory>
    var regionCount = 0
  }

  init?(_ library: TargetLibrary, _ area: SharedArea, option: UnsafePointer<CChar>) {
    let bytes = area.capacity * MemoryLayout<Owned>.stride
    guard let memory = HostMemory.reserve(bytes), let foreign = HostMemory.reserve(8192),
      let threads = TargetThreads()
    else { return nil }
    self.threads = threads
    self.foreign = foreign
    owned = memory.bindMemory(to: Owned.self, capacity: area.capacity)
    self.library = library
    self.area = area
    self.option = option
  }

  /// Runs the traces of the area's batch one after another, until something is wrong with one.
  mutating func runBatch() {
    let whole = area
    defer { area = whole }
    for index in 0..<min(Int(clamping: whole[.batchCount]), SharedArea.batchTraces) {
      whole[.batchPlace] = UInt64(index)
      area = whole.trace(index)
      run()
      area[.outputBytes] = UInt64(ScratchFile.writtenBytes(of: 1))
      area[.errorBytes] = UInt64(ScratchFile.writtenBytes(of: 2))
      if isStopped { return }
    }
  }

  /// Runs the trace in the area.
  mutating func run() {
    (isStopped, isTouchedOnly) = (false, false)
    area[.progress] = 0
    let flags = SharedArea.Flag(rawValue: area[.flags])
    let count = Int(min(area[.operationCount], UInt64(area.capacity)))
    if !flags.contains(.resumes) {
      if flags.contains(.counters) { library.clearCounters() }
      begin()
      guard !isStopped else { return }
    }
    prepare(count, flags)
    if flags.contains(.measure), !flags.contains(.resumes) { area[.freshFootprint] = footprint() }
    guard !flags.contains(.piece) else { return runPiece(count, flags) }
    runRounds(count, flags)
    guard !isStopped else { return }
    if flags.contains(.probe) { probe() }
    area[.phase] = SharedArea.Phase.destruction.rawValue
    judgeStack(Self.guarded { [library, allocator] in library.destroy(allocator) })
    if !isStopped { lookOutside() }
    if !isStopped { area[.phase] = SharedArea.Phase.done.rawValue }
  }

  private mutating func begin() {
    area[.phase] = SharedArea.Phase.creation.rawValue
    releaseArenas()
    guard mapArenas() else { return stop(.environment, 0) }
    Processes.clearLastError()
    if !create() { stop(Processes.hasRunOutOfMemory ? .environment : .creation, 0) }
  }

  private mutating func runPiece(_ count: Int, _ flags: SharedArea.Flag) {
    area[.phase] = SharedArea.Phase.operations.rawValue
    for index in 0..<count where !isStopped { relay(index, isFirst: true, flags) }
    if !isStopped { lookOutside() }
    if !isStopped { area[.phase] = SharedArea.Phase.done.rawValue }
  }

  private mutating func prepare(_ count: Int, _ flags: SharedArea.Flag) {
    var slots = Int(clamping: area[.slotCount])
    for index in 0..<count {
      slots = max(slots, Int(area.operation(index).slot) + 1)
      area.setResult(TargetResult(), index)
    }
    slotCount = min(slots, area.capacity)
    guard !flags.contains(.resumes) else { return }
    // Every slot is written, so that the table itself does not grow while footprints are measured.
    for slot in 0..<slotCount { owned[slot] = Owned() }
  }

  mutating func stop(_ problem: TargetProblem, _ detail: UInt64, _ second: UInt64 = 0) {
    isStopped = true
    area[.detail] = detail
    area[.secondDetail] = second
    area[.problem] = problem.rawValue
  }

  // MARK: The whole allocator

  private mutating func create() -> Bool {
    // The layout of `struct poolfuzz_configuration`.
    withUnsafeTemporaryAllocation(byteCount: 48, alignment: 8) { configuration in
      let version: UInt32 = library.capabilities.interface == 1 ? 1 : 2
      configuration.storeBytes(of: version, toByteOffset: 0, as: UInt32.self)
      configuration.storeBytes(of: 3, toByteOffset: 4, as: UInt32.self)
      configuration.storeBytes(of: area[.arenaBytes], toByteOffset: 8, as: UInt64.self)
      configuration.storeBytes(of: option, toByteOffset: 16, as: UnsafePointer<CChar>.self)
      let memory = UInt(bitPattern: arenas?.arena.start)
      let growing = UInt(bitPattern: arenas.map { UnsafeMutableRawPointer($0.growing) })
      configuration.storeBytes(of: memory, toByteOffset: 24, as: UInt.self)
      configuration.storeBytes(
        of: unsafeBitCast(GrowingMemory.grow, to: UInt.self), toByteOffset: 32, as: UInt.self)
      configuration.storeBytes(of: growing, toByteOffset: 40, as: UInt.self)
      guard let base = configuration.baseAddress else { return false }
      allocator = library.create(base)
      return allocator != nil
    }
  }

  /// Asks the emptied allocator for the largest request that a fresh one serves.
  private mutating func probe() {
    guard area[.freshBytes] > 0 else { return }
    area[.phase] = SharedArea.Phase.probing.rawValue
    let address = library.allocate(
      allocator, 0, Int(bitPattern: UInt(area[.freshBytes])), TargetOperation.plainTag, 0)
    area[.freshServed] = address == nil ? 0 : 1
    if let address {
      let block = Owned(
        tag: TargetOperation.plainTag, requested: Int(bitPattern: UInt(area[.freshBytes])))
      library.give(allocator, address, block)
    }
  }

  func footprint() -> UInt64 {
    library.footprint.map { UInt64(max($0(allocator), 0)) } ?? resident.bytes()
  }

  /// Frees what is live, slot by slot.
  mutating func empty(isFirst: Bool, judgesGrowth: Bool) {
    if judgesGrowth { checkGrowth() }
    if !isStopped { checkAllocator() }
    area[.phase] = SharedArea.Phase.emptying.rawValue
    for slot in 0..<slotCount where !isStopped && owned[slot].address != nil { release(slot) }
    if !isStopped { checkAllocator() }
    if !isStopped, isFirst { lookOutside() }
  }

  private mutating func checkConsistency() {
    if let check = library.check, check(allocator, area.message, SharedArea.messageBytes) != 0 {
      stop(.check, 0)
    }
  }

  private mutating func checkAllocator() {
    checkConsistency()
    guard !isStopped, let walk = library.walk else { return }
    for slot in 0..<slotCount { owned[slot].isSeen = false }
    var context = WalkContext(owned: owned, count: slotCount, wrong: 0)
    walk(allocator, WalkContext.visit, &context)
    for slot in 0..<slotCount where context.wrong == 0 {
      if let address = owned[slot].address, !owned[slot].isSeen {
        context.wrong = UInt64(UInt(bitPattern: address))
      }
    }
    if context.wrong != 0 { stop(.walk, context.wrong) }
  }

  mutating func checkGrowth() {
    let bytes = resident.roughBytes()
    if bytes > area[.memoryLimit] { stop(.growth, bytes) }
  }

  // MARK: Operations

  /// An operation of the trace, as another thread does it.
  private struct Step {
    let executor: UnsafeMutablePointer<TraceExecutor>
    let index: Int
    let isFirst: Bool
    let flags: SharedArea.Flag
  }

  /// Has the current thread run an operation.
  mutating func relay(_ index: Int, isFirst: Bool, _ flags: SharedArea.Flag) {
    guard !threads.isFirst else { return step(index, isFirst: isFirst, flags) }
    let threads = threads
    // Who runs next, and who ends, is decided by the runner's own thread: none ends itself.
    if [.thread, .endThread].contains(area.operation(index).call) {
      return step(index, isFirst: isFirst, flags)
    }
    withUnsafeMutablePointer(to: &self) { executor in
      var step = Step(executor: executor, index: index, isFirst: isFirst, flags: flags)
      withUnsafeMutablePointer(to: &step) { step in
        threads.run(UnsafeMutableRawPointer(step)) { context in
          let step = context.assumingMemoryBound(to: Step.self).pointee
          step.executor.pointee.step(step.index, isFirst: step.isFirst, step.flags)
        }
      }
    }
  }

  private mutating func step(_ index: Int, isFirst: Bool, _ flags: SharedArea.Flag) {
    let operation = area.operation(index)
    let slot = Int(operation.slot)
    area[.progress] = UInt64(index)
    area[.heartbeat] &+= 1
    guard slot < area.capacity else { return }
    var result = TargetResult(state: .skipped)
    if library.capabilities.allows(operation), isPossible(operation, slot) {
      if isFirst { area.setResult(TargetResult(state: .called), index) }
      result = perform(operation, slot, isFirst ? index : nil)
    }
    if !isFirst, !isStopped, result.state == .null, area.wasServed(index), refusesForNoReason {
      stop(.exhaustion, area[.round] + 1)
    }
    if isFirst {
      result.refusals = arenas?.growing.pointee.refusals ?? 0
      area[.growthBytes] = UInt64(arenas?.growing.pointee.memory.byteCount ?? 0)
      if operation.isMeasured, flags.contains(.measure) { result.footprint = footprint() }
      if !flags.contains(.piece) {
        if !isStopped { lookOutside() }
        if !isStopped, operation.call != .misuse { checkConsistency() }
      }
      // What was wrong with a block that came back is told with its address.
      if isStopped, result.state == .done, result.address != 0 { result.state = .returned }
      area.setResult(result, index)
    }
    if index % 64 == 63 { checkGrowth() }
  }

  private func isPossible(_ operation: TargetOperation, _ slot: Int) -> Bool {
    switch operation.call {
    case .allocate, .allocateZeroed: owned[slot].address == nil
    case .free, .freeSized, .resize, .fill, .verify, .misuse: owned[slot].address != nil
    case .reallocate:
      // What C leaves undefined is not asked.
      owned[slot].address == nil || operation.bytes > 0
        || library.capabilities.reallocZero != .undefined
    case .addRegion, .resizeArena, .reset, .thread, .endThread: true
    }
  }

  private var refusesForNoReason: Bool {
    let promises = library.capabilities.promises
    return library.capabilities.interface != 1 && promises.contains(.joins)
      && !promises.contains(.lawfulNull)
      && arenas?.growing.pointee.refusals ?? 0 == 0
  }

  private mutating func perform(
    _ operation: TargetOperation, _ slot: Int, _ index: Int?
  ) -> TargetResult {
    switch operation.call {
    case .allocate: return allocate(operation, slot, index)
    case .allocateZeroed: return allocateZeroed(operation, slot, index)
    case .reallocate: return reallocate(operation, slot, index)
    case .resize: return resize(operation, slot)
    case .free: release(slot)
    case .freeSized: release(slot, saysSize: true)
    case .fill:
      verify(slot)
      if !isStopped { fill(slot, seed: owned[slot].seed &+ 0x51) }
    case .verify: verify(slot)
    case .addRegion: return addRegion(operation)
    case .resizeArena: return resizeArena(operation)
    case .reset: reset()
    case .misuse: misuse(operation, slot)
    case .thread:
      return TargetResult(state: threads.change(to: operation.bytes) ? .done : .skipped)
    case .endThread:
      return TargetResult(state: threads.end(operation.bytes) ? .done : .skipped)
    }
    return TargetResult(state: .done)
  }

  private mutating func reset() {
    judgeStack(Self.guarded { [library, allocator] in library.reset?(allocator) })
    for slot in 0..<slotCount { owned[slot].address = nil }
  }

  // MARK: The caller's stack

  /// Calls the allocator with a marked piece of the caller's own stack above it.
  static func guarded(_ call: () -> Void) -> Int? {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 64) { buffer in
      guard let marks = buffer.baseAddress else { return nil }
      var index = 0
      while index < 64 {
        marks[index] = Self.mark
        index += 1
      }
      call()
      return Self.firstChanged(marks)
    }
  }

  private static var mark: UInt64 { 0xA5A5_A5A5_A5A5_A5A5 }

  /// Never inlined: the optimiser would see that no call can reach the marks, and not look at them.
  @inline(never)
  private static func firstChanged(_ marks: UnsafePointer<UInt64>) -> Int? {
    var index = 0
    while index < 64, marks[index] == mark { index += 1 }
    return index < 64 ? index : nil
  }

  mutating func judgeStack(_ wrong: Int?) {
    if let wrong, !isStopped { stop(.stack, UInt64(wrong * 8)) }
  }
}
