import Platform

/// Runs a trace on the allocator under test, in the worker's expendable process.
///
/// It asks nobody for memory: the process's own allocator may be the one under test, or may have
/// been overwritten by it. What callers own lies in tables that were mapped before.
struct TraceExecutor {
  private let library: TargetLibrary
  private let area: SharedArea
  private let option: UnsafePointer<CChar>
  private var allocator: UnsafeMutableRawPointer?
  private let owned: UnsafeMutablePointer<Owned>
  private let resident = ResidentSet()
  private var isStopped = false
  /// Slots that the trace names lie below it.
  private var slotCount = 0

  /// What the owner of a slot knows.
  struct Owned {
    var address: UnsafeMutableRawPointer?
    var tag: UInt32 = 0
    var isSeen = false
    /// Bytes that carry the pattern.
    var bytes = 0
    var usable = 0
    var seed: UInt64 = 0
  }

  init?(_ library: TargetLibrary, _ area: SharedArea, option: UnsafePointer<CChar>) {
    let bytes = area.capacity * MemoryLayout<Owned>.stride
    guard let memory = HostMemory.reserve(bytes) else { return nil }
    owned = memory.bindMemory(to: Owned.self, capacity: area.capacity)
    self.library = library
    self.area = area
    self.option = option
  }

  /// Runs the trace in the area.
  mutating func run() {
    isStopped = false
    area[.progress] = 0
    area[.phase] = SharedArea.Phase.creation.rawValue
    guard create() else { return stop(.creation, 0) }
    area[.naturalAlignment] = UInt64(library.alignment)
    area[.reportsFootprint] = library.footprint == nil ? 0 : 1
    let flags = SharedArea.Flag(rawValue: area[.flags])
    if flags.contains(.probe) { probe() }
    let count = Int(min(area[.operationCount], UInt64(area.capacity)))
    prepare(count)
    area[.freshFootprint] = flags.contains(.measure) ? footprint() : 0
    let rounds = Int(min(area[.roundCount], UInt64(SharedArea.mostRounds)))
    for round in 0..<rounds where !isStopped {
      area[.phase] = SharedArea.Phase.operations.rawValue
      for index in 0..<count where !isStopped { step(index, isFirst: round == 0, flags) }
      if !isStopped { empty() }
      if !isStopped { area.setFootprint(footprint(), round: round) }
    }
    guard !isStopped else { return }
    if flags.contains(.probe) { probeAgain() }
    area[.phase] = SharedArea.Phase.destruction.rawValue
    judgeStack(Self.guarded { [library, allocator] in library.destroy(allocator) })
    if !isStopped { area[.phase] = SharedArea.Phase.done.rawValue }
  }

  private mutating func prepare(_ count: Int) {
    slotCount = 0
    for index in 0..<count {
      slotCount = max(slotCount, Int(area.operation(index).slot) + 1)
      area.setResult(TargetResult(), index)
    }
    slotCount = min(slotCount, area.capacity)
    // Every slot is written, so that the table itself does not grow while footprints are measured.
    for slot in 0..<slotCount { owned[slot] = Owned() }
  }

  private mutating func stop(_ problem: TargetProblem, _ detail: UInt64) {
    isStopped = true
    area[.detail] = detail
    area[.problem] = problem.rawValue
  }

  // MARK: The whole allocator

  private mutating func create() -> Bool {
    // The layout of `struct poolfuzz_configuration`.
    withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { configuration in
      configuration.storeBytes(of: 1, toByteOffset: 0, as: UInt32.self)
      configuration.storeBytes(of: 3, toByteOffset: 4, as: UInt32.self)
      configuration.storeBytes(of: area[.arenaBytes], toByteOffset: 8, as: UInt64.self)
      configuration.storeBytes(of: option, toByteOffset: 16, as: UnsafePointer<CChar>.self)
      guard let base = configuration.baseAddress else { return false }
      allocator = library.create(base)
      return allocator != nil
    }
  }

  /// Finds a large request that the fresh allocator serves, by halves.
  private mutating func probe() {
    var bytes = area[.arenaBytes]
    area[.probeBytes] = 0
    while bytes >= 64, area[.probeBytes] == 0 {
      if let address = library.allocate(allocator, 0, Int(bytes), 0, 0) {
        library.free(allocator, address, 0)
        area[.probeBytes] = bytes
      }
      bytes = bytes / 4 * 3
    }
  }

  private mutating func probeAgain() {
    guard area[.probeBytes] > 0 else { return }
    let address = library.allocate(allocator, 0, Int(area[.probeBytes]), 0, 0)
    area[.probeServed] = address == nil ? 0 : 1
    if let address { library.free(allocator, address, 0) }
  }

  private func footprint() -> UInt64 {
    library.footprint.map { UInt64(max($0(allocator), 0)) } ?? resident.bytes()
  }

  /// Frees what is live, slot by slot.
  private mutating func empty() {
    checkGrowth()
    if !isStopped { checkAllocator() }
    area[.phase] = SharedArea.Phase.emptying.rawValue
    for slot in 0..<slotCount where !isStopped && owned[slot].address != nil { release(slot) }
    if !isStopped { checkAllocator() }
  }

  private mutating func checkAllocator() {
    if let check = library.check, check(allocator, area.message, SharedArea.messageBytes) != 0 {
      return stop(.check, 0)
    }
    guard let walk = library.walk else { return }
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

  // MARK: Operations

  private mutating func step(_ index: Int, isFirst: Bool, _ flags: SharedArea.Flag) {
    let operation = area.operation(index)
    let slot = Int(operation.slot)
    area[.progress] = UInt64(index)
    guard operation.kind != .nothing, slot < area.capacity else { return }
    var result = TargetResult(state: .skipped)
    if (owned[slot].address == nil) == (operation.kind == .allocate) {
      if isFirst { area.setResult(TargetResult(state: .called), index) }
      result = perform(operation, slot)
    }
    if isFirst {
      if operation.isMeasured, flags.contains(.measure) { result.footprint = footprint() }
      area.setResult(result, index)
    }
    if index % 16 == 15 { checkGrowth() }
  }

  private mutating func perform(_ operation: TargetOperation, _ slot: Int) -> TargetResult {
    switch operation.kind {
    case .nothing: break
    case .allocate: return allocate(operation, slot)
    case .free: release(slot)
    case .fill:
      verify(slot)
      if !isStopped { fill(slot, seed: owned[slot].seed &+ 0x51) }
    case .verify: verify(slot)
    }
    return TargetResult(state: .done)
  }

  private mutating func allocate(_ operation: TargetOperation, _ slot: Int) -> TargetResult {
    var address: UnsafeMutableRawPointer?
    let bytes = Int(clamping: operation.bytes)
    let wrong = Self.guarded { [library, allocator] in
      address = library.allocate(
        allocator, operation.pool, bytes, operation.tag, Int(clamping: operation.alignment))
    }
    judgeStack(wrong)
    guard let address else { return TargetResult(state: .null) }
    let usable = library.usable(allocator, UnsafeRawPointer(address))
    owned[slot] = Owned(address: address, tag: operation.tag, usable: usable)
    // A usable size out of this world is the parent's to judge; writing that far helps nobody.
    owned[slot].bytes = min(max(usable, bytes), bytes &+ 4096)
    if bytes == 0 { owned[slot].bytes = min(max(usable, 0), 4096) }
    fill(slot, seed: UInt64(slot) &* 0x9E37_79B9 &+ operation.bytes)
    return TargetResult(
      state: .done, address: UInt64(UInt(bitPattern: address)), usableBytes: UInt64(max(usable, 0)))
  }

  private mutating func release(_ slot: Int) {
    verify(slot)
    guard !isStopped, let address = owned[slot].address else { return }
    let tag = owned[slot].tag
    owned[slot].address = nil
    judgeStack(Self.guarded { [library, allocator] in library.free(allocator, address, tag) })
  }

  private mutating func checkGrowth() {
    let bytes = resident.roughBytes()
    if bytes > area[.memoryLimit] { stop(.growth, bytes) }
  }

  // MARK: Content

  /// Words between two that are written in the middle of a long block: one a page.
  private static let strideWords = 512
  private static let wholeWords = 8192

  private func forEachWord(_ count: Int, _ body: (Int) -> Bool) -> Bool {
    let edge = Self.wholeWords / 2
    var index = 0
    while index < count {
      guard body(index) else { return false }
      let isMiddle = index >= edge && index < count - edge - Self.strideWords
      index += isMiddle ? Self.strideWords : 1
    }
    return true
  }

  private func fill(_ slot: Int, seed: UInt64) {
    guard let address = owned[slot].address else { return }
    owned[slot].seed = seed
    _ = forEachWord(owned[slot].bytes / 8) { index in
      address.storeBytes(
        of: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15, toByteOffset: index * 8,
        as: UInt64.self)
      return true
    }
    for offset in owned[slot].bytes / 8 * 8..<owned[slot].bytes {
      address.storeBytes(of: UInt8(truncatingIfNeeded: seed), toByteOffset: offset, as: UInt8.self)
    }
  }

  private mutating func verify(_ slot: Int) {
    guard let address = owned[slot].address else { return }
    let seed = owned[slot].seed
    var wrong: Int?
    _ = forEachWord(owned[slot].bytes / 8) { index in
      let word = address.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
      if word != seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15 { wrong = index * 8 }
      return wrong == nil
    }
    for offset in owned[slot].bytes / 8 * 8..<owned[slot].bytes where wrong == nil {
      let byte = address.load(fromByteOffset: offset, as: UInt8.self)
      if byte != UInt8(truncatingIfNeeded: seed) { wrong = offset }
    }
    if let wrong { return stop(.payload, UInt64(wrong)) }
    let usable = library.usable(allocator, UnsafeRawPointer(address))
    if usable != owned[slot].usable { stop(.usableChanged, UInt64(max(usable, 0))) }
  }

  // MARK: The caller's stack

  /// Calls the allocator with a marked piece of the caller's own stack above it.
  private static func guarded(_ call: () -> Void) -> Int? {
    withUnsafeTemporaryAllocation(byteCount: 512, alignment: 16) { marks in
      for index in 0..<64 {
        marks.storeBytes(of: 0xA5A5_A5A5_A5A5_A5A5, toByteOffset: index * 8, as: UInt64.self)
      }
      call()
      return (0..<64).first {
        marks.load(fromByteOffset: $0 * 8, as: UInt64.self) != 0xA5A5_A5A5_A5A5_A5A5
      }
    }
  }

  private mutating func judgeStack(_ wrong: Int?) {
    if let wrong { stop(.stack, UInt64(wrong * 8)) }
  }
}

/// What a walk over the allocator's blocks is held against.
private struct WalkContext {
  let owned: UnsafeMutablePointer<TraceExecutor.Owned>
  let count: Int
  /// The address of the first block that is wrong.
  var wrong: UInt64

  static let visit: TargetLibrary.Visit = { context, address, _, isFree in
    guard let context, let address else { return }
    let walk = context.assumingMemoryBound(to: WalkContext.self)
    guard walk.pointee.wrong == 0 else { return }
    let count = walk.pointee.count
    let found = UnsafeMutableRawPointer(mutating: address)
    for slot in 0..<count where walk.pointee.owned[slot].address == found {
      if isFree != 0 || walk.pointee.owned[slot].isSeen {
        walk.pointee.wrong = UInt64(UInt(bitPattern: address))
      }
      walk.pointee.owned[slot].isSeen = true
      return
    }
    if isFree == 0 { walk.pointee.wrong = UInt64(UInt(bitPattern: address)) }
  }
}
