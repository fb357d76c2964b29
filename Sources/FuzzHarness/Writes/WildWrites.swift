import KernelPool
import PoolDebugger
import PoolInvariants
import PoolWalk
import PropertyTesting

/// Stores to pool memory as a driver gone wild would, among requests and frees, until the model's kernel
/// stops or the story ends: whatever memory holds then, nothing may end the process.
///
/// Each story begins with the same machine, after some traffic. It goes on behind an alarm, for what a
/// checker or a printer makes of memory that is wrong is asked as well.
public struct WildWrites: ~Copyable {
  /// How stories ended, and what was done in them.
  public struct Tally: Sendable, Equatable {
    /// Stories.
    public var stories: UInt64 = 0
    /// Those in which the kernel stopped itself.
    public var bugChecks: UInt64 = 0
    /// Those in which the kernel touched what is not mapped, or would not have ended.
    public var faults: UInt64 = 0
    /// Those in which it went on, and a rule said that something is wrong.
    public var alarms: UInt64 = 0
    /// Requests, frees and stores.
    public var operations: UInt64 = 0
    /// Of them, stores.
    public var stores: UInt64 = 0
    /// Codes of the bug checks.
    public var codes: Set<UInt32> = []

    /// Stories after which nothing was noticed.
    public var silent: UInt64 { stories - bugChecks - faults - alarms }
  }

  /// Operations of a story at most.
  private static let storyLength: UInt64 = 256

  private let start: BitFlips
  private let startHeld: [Address]
  private var pool: KernelPool
  private var audit: IncrementalAudit
  private let view: PoolView
  private var live = LiveAllocations()
  private var held: [Address] = []
  private var slots: UInt32 = 0
  private var isAlarmed = false
  /// Where what a pool relies on lies.
  private let places: [BitFlips.Field]
  private var choices: RandomChoices
  /// What has come of it.
  public private(set) var tally = Tally()

  /// A small machine of a version. Throws where such a machine cannot be.
  public init(_ profile: Profile, seed: Seed) throws(ConfigurationError) {
    let start = try BitFlips(profile)
    let pool = try KernelPool.boot(BitFlips.configuration(profile))
    self.start = start
    self.pool = pool
    startHeld = self.start.heldAddresses
    places = self.start.fields
    view = self.pool.view
    audit = IncrementalAudit(view, journal: nil)
    choices = RandomChoices(seed: seed)
  }

  /// Tells stories until so many operations were done.
  public mutating func run(operations: UInt64) {
    while tally.operations < operations { story() }
  }

  // MARK: A story

  private mutating func story() {
    pool.become(start.pool)
    audit.become(start.audit)
    live = start.live
    held = startHeld
    // Those of the traffic before are fewer.
    slots = 1 << 16
    isAlarmed = false
    let end = tally.operations + 1 + choices.draw(below: Self.storyLength)
    while tally.operations < end, pool.halted == nil {
      tally.operations += 1
      switch choices.draw(below: 8) {
      case 0, 1, 2: store()
      case 3, 4, 5: allocate()
      case 6: free()
      default:
        free()
        if choices.chance(1, in: 16) { pool.tick(seconds: 1) }
      }
      if choices.chance(1, in: 128) { look() }
    }
    tally.stories += 1
    look()
    switch pool.halted {
    case .bugCheck(let check):
      tally.bugChecks += 1
      tally.codes.insert(check.code)
    case .some: tally.faults += 1
    case nil: tally.alarms += isAlarmed ? 1 : 0
    }
    if choices.chance(1, in: 32) { show() }
  }

  /// Asks every rule.
  private mutating func look() {
    if !audit.full(view, live).isEmpty { isAlarmed = true }
  }

  /// Walks and prints what a debugger would.
  private func show() {
    let walker = PoolWalker(view)
    let printer = PoolPagePrinter(view)
    for area in walker.areas {
      walker.visitPages(of: area) { use in
        if case .smallBlocks(let page) = use { _ = printer.text(for: page) }
      }
      _ = printer.text(for: area.base + view.profile.pageBytes / 2)
    }
  }

  // MARK: Operations

  private mutating func allocate() {
    var types: [PoolType] = [.nonPaged, .paged, .quota]
    if pool.profile.hasSessionPool { types.append([.paged, .session]) }
    if pool.profile.hasNoExecutePool { types.append(.noExecute) }
    let type = choices.draw(from: types)
    let isLarge = choices.chance(1, in: 8)
    let bytes = choices.draw(below: isLarge ? 0x6000 : 1200)
    let outcome = pool.allocate(type, bytes: bytes, tag: PoolTag("Wild"))
    guard case .address(let address) = outcome else { return }
    slots += 1
    let allocation = LiveAllocation(
      slot: slots, requestedBytes: bytes, type: type, tag: PoolTag("Wild"), patternSeed: nil,
      isContiguous: false)
    // A block that is somebody's already is handed out twice.
    guard live.insert(address, allocation) else { return isAlarmed = true }
    audit.recordAllocation(view, at: address, allocation)
    held.append(address)
  }

  private mutating func free() {
    guard !held.isEmpty, !choices.chance(1, in: 16) else {
      _ = pool.free(anyAddress(), tag: nil)
      return
    }
    let address = held.remove(at: Int(choices.draw(below: UInt64(held.count))))
    guard let slot = live.remove(address) else { return }
    let allocation = live[slot: slot].allocation
    _ = pool.free(address, tag: nil)
    audit.recordFree(view, at: address, allocation)
  }

  private mutating func store() {
    tally.stores += 1
    let (address, word) = (anyAddress(), anyWord())
    let bytes = choices.draw(from: [1, 2, 4, 8] as [Int])
    withUnsafeBytes(of: word.littleEndian) { word in
      _ = pool.write(address, UnsafeRawBufferPointer(rebasing: word[..<bytes]))
    }
  }

  /// Of what a pool relies on, of a block, of any mapped page of a pool; seldom of anything.
  private mutating func anyAddress() -> Address {
    let kind = choices.draw(below: 64)
    if kind < 32, !places.isEmpty {
      let place = choices.draw(from: places)
      return place.address &+ choices.draw(below: max(1, place.byteCount))
    }
    if kind < 56, !held.isEmpty {
      return choices.draw(from: held) &+ choices.draw(below: 160) &- 48
    }
    if kind < 63 {
      let area = choices.draw(from: PoolArea.all(in: view))
      return area.base &+ choices.draw(below: max(1, area.pages * view.profile.pageBytes))
    }
    return anyWord()
  }

  /// Small, all ones, an address of the pool, or anything.
  private mutating func anyWord() -> UInt64 {
    switch choices.draw(below: 6) {
    case 0: return choices.draw(below: 16)
    case 1: return .max
    case 2: return 1 << choices.draw(below: 64)
    case 3 where !places.isEmpty: return choices.draw(from: places).address
    case 4 where !held.isEmpty: return choices.draw(from: held) &- choices.draw(below: 3) &* 8
    default: return choices.draw(below: .max)
    }
  }
}

extension WildWrites.Tally {
  /// The row of a version: operations, stores, stories, how these ended, and the codes of bug checks.
  public func row(_ profile: Profile) -> String {
    let codes = codes.sorted().map { "0x" + String($0, radix: 16) }.joined(separator: " ")
    return "| \(profile.name) | \(operations) | \(stores) | \(stories) | \(bugChecks) | \(faults)"
      + " | \(alarms) | \(silent) | \(codes) |"
  }
}
