import KernelPool
import PoolInvariants

/// A pool, what its callers hold, and the audit that watches both.
package struct AuditedPool: ~Copyable {
  package var pool: KernelPool
  package var live = LiveAllocations()
  package var audit: IncrementalAudit
  /// What the last operation touched.
  package private(set) var touched = TouchedByOperation.nothing
  /// The operations so far, for a report.
  package private(set) var log: [String] = []
  private var slots: UInt32 = 0

  package init(_ configuration: PoolConfiguration, mutant: Mutant = .none) throws {
    pool = try KernelPool.boot(configuration, mutant: mutant)
    let journal = pool.startJournal()
    audit = IncrementalAudit(pool.view, journal: journal)
  }

  /// Allocates, fills and books; nil where the request failed.
  @discardableResult
  package mutating func allocate(
    _ type: PoolType, _ bytes: UInt64, _ tag: PoolTag = "Test"
  ) -> Address? {
    log.append("alloc \(slots) type \(type.rawValue) bytes \(bytes) tag \(tag.word)")
    let outcome = pool.allocate(type, bytes: bytes, tag: tag)
    return take(outcome, type, bytes, tag, isContiguous: false)
  }

  /// Allocates contiguous memory; nil where the request failed.
  @discardableResult
  package mutating func contiguous(_ bytes: UInt64, highest: UInt64 = .max) -> Address? {
    log.append("contiguous \(slots) bytes \(bytes) highest \(highest)")
    let outcome = pool.allocateContiguous(bytes: bytes, highest: highest)
    if case .null = outcome { audit.recordContiguousRefusal(pool.view, bytes: bytes) }
    return take(outcome, .cacheAligned, bytes, .contiguous, isContiguous: true)
  }

  private mutating func take(
    _ outcome: KernelPool.AllocationOutcome, _ type: PoolType, _ bytes: UInt64, _ tag: PoolTag,
    isContiguous: Bool
  ) -> Address? {
    touched = .nothing
    slots += 1
    guard case .address(let address) = outcome else {
      log[log.count - 1] += " -> \(outcome)"
      return nil
    }
    log[log.count - 1] += " -> 0x\(String(address, radix: 16))"
    let pattern = FillPattern(slot: slots, allocation: 0)
    let allocation = LiveAllocation(
      slot: slots, requestedBytes: bytes, type: type, tag: tag, patternSeed: pattern.seed,
      isContiguous: isContiguous)
    let isFirst = live.insert(address, allocation)
    audit.recordAllocation(pool.view, at: address, allocation)
    fill(address, bytes, pattern)
    touched = .allocation(slot: Int(slots), isFirst: isFirst)
    return address
  }

  private mutating func fill(_ address: Address, _ bytes: UInt64, _ pattern: FillPattern) {
    var contents = [UInt8](repeating: 0, count: Int(bytes))
    contents.withUnsafeMutableBytes { pattern.fill($0) }
    _ = contents.withUnsafeBytes { pool.write(address, $0) }
  }

  /// Allocates what must be there.
  package mutating func taking(_ type: PoolType, _ bytes: UInt64) -> Address {
    guard let address = allocate(type, bytes) else { preconditionFailure("\(log)") }
    return address
  }

  /// Frees what starts at `address`.
  package mutating func free(_ address: Address) {
    log.append("free 0x\(String(address, radix: 16))")
    guard let slot = live.remove(address) else { return }
    let allocation = live[slot: slot].allocation
    let outcome =
      allocation.isContiguous ? pool.freeContiguous(address) : pool.free(address, tag: nil)
    touched = .release(address, slot: slot)
    if outcome != .freed { log[log.count - 1] += " -> \(outcome)" }
    audit.recordFree(pool.view, at: address, allocation)
  }

  /// Stores words of four bytes as a driver's bug would.
  package mutating func poke(_ address: Address, _ words: UInt32...) {
    words.withUnsafeBytes { bytes in _ = pool.write(address, bytes) }
  }

  /// Stores a pointer.
  package mutating func pokePointer(_ address: Address, _ value: Address) {
    if pool.profile.wordBytes == 8 {
      poke(address, UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32))
    } else {
      poke(address, UInt32(truncatingIfNeeded: value))
    }
  }

  /// Checks everything.
  package mutating func full() -> [Violation] { audit.full(pool.view, live) }

  /// Checks everything that can have changed since the last check.
  package mutating func check() -> [Violation] { audit.check(pool.view, live) }

  /// Checks what the last operation touched.
  package mutating func cheap() -> [Violation] { audit.checkTouched(pool.view, live, touched) }
}

extension PoolTag: ExpressibleByStringLiteral {
  /// A tag from its characters.
  public init(stringLiteral value: StaticString) { self.init(value) }
}
