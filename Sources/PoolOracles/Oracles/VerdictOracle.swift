import KernelPool
import PoolInvariants
import PoolTrace
import PoolWalk

/// What an operation must come to, predicted before it is run.
enum Verdict: Equatable {
  /// It is no misuse, or one without consequence.
  case harmless
  /// The request is served, or the kernel stops with this bug check because nothing fits.
  case servedOr(BugCheck, PoolType, bytes: UInt64)
  /// The kernel must stop with this bug check, and the pool must be as before.
  case bugCheck(code: UInt32, first: UInt64)
  /// The kernel must stop on an access to unmapped memory.
  case fault
  /// A stop or a broken invariant must show it.
  case noticed
  /// Misuse of which nothing is claimed but that the operation ends.
  case unspecified

  /// Whether nothing can be said about the pool once the operation has gone through.
  var isMisuse: Bool {
    switch self {
    case .harmless, .servedOr: false
    case .bugCheck, .fault, .noticed, .unspecified: true
    }
  }
}

/// Predicts what misuse must come to, from the pool before it and the published checks of each
/// version (Microsoft, bug checks 0xC2 and 0x19; ReactOS ExFreePoolWithTag; Mandt 2011).
///
/// It claims little and means it: a stop with a code where the version documents one, a fault on
/// unmapped memory, and that a change of a header's sizes, of a free block's links or of somebody
/// else's bytes is noticed by an invariant.
struct VerdictOracle {
  private let view: PoolView
  private let liveAddress: UnsafePointer<LiveAllocations>
  private var live: LiveAllocations { @inline(__always) unsafeAddress { liveAddress } }
  private var profile: Profile { @inline(__always) _read { yield view.profile } }
  private var header: UInt64 { UInt64(view.profile.header.bytes) }

  /// Of a pool, and of what callers hold, read where that lies.
  init(_ view: PoolView, _ live: UnsafePointer<LiveAllocations>) {
    self.view = view
    liveAddress = live
  }

  /// The verdict on an operation.
  func verdict(on operation: PoolTrace.Operation, _ replayer: borrowing Replayer) -> Verdict {
    switch operation {
    case .alloc(let name, let type, let bytes, let tag):
      return allocation(replayer.slots[name], type, bytes, tag)
    case .contiguous(let name, let bytes, _):
      let verdict = allocation(replayer.slots[name], .cacheAligned, bytes, .contiguous)
      // Pages that do not suit are given back under a tag that a full table has not got.
      return verdict == .harmless && losesTags ? .unspecified : verdict
    case .free(let name, let tag):
      guard let slot = replayer.slots[name], slot.state == .holds else { return .harmless }
      return free(slot.address, slot.isContiguous ? .contiguous : tag)
    case .freeAt(let expression, let tag):
      guard let address = replayer.resolve(expression) else { return .harmless }
      return isOutside(address) ? strayFree(address) : free(address, tag)
    case .write(let name, let offset, let bytes):
      guard let slot = replayer.slots[name], slot.address != 0, slot.state != .null
      else { return .harmless }
      return store(
        slot.address &+ UInt64(bitPattern: offset), bytes,
        owner: slot.isOwn ? slot.address : nil)
    case .fill(let name):
      guard let slot = replayer.slots[name], slot.state == .holds else { return .harmless }
      return slot.isOwn ? .harmless : .unspecified
    case .writeAt(let expression, let bytes):
      guard let address = replayer.resolve(expression) else { return .harmless }
      return store(address, bytes, owner: nil)
    default: return .harmless
    }
  }

  /// Whether an allocation can be anything but harmless: asked before each.
  static func mayStop(_ view: PoolView, _ type: PoolType) -> Bool {
    view.variables.interruptLevel > 1 || type.contains(.mustSucceed)
      || view.profile.entryChecks == .all
  }

  private func allocation(
    _ slot: TraceSlot?, _ type: PoolType, _ requested: UInt64, _ tag: PoolTag
  ) -> Verdict {
    if slot?.state == .holds { return .harmless }
    if view.variables.interruptLevel > (type.isPaged ? 1 : 2) {
      return .bugCheck(code: BugCheck.badPoolCaller, first: 8)
    }
    let isSure = type.contains(.mustSucceed)
    if isSure, profile.mustSucceed == .refused {
      return .bugCheck(code: BugCheck.badPoolCaller, first: 0x9A)
    }
    let facts = RequestFacts(type, bytes: requested, view)
    if profile.entryChecks == .all, let first = refusedEntry(facts.bytes, tag) {
      return .bugCheck(code: BugCheck.badPoolCaller, first: first)
    }
    return isSure ? .servedOr(mustSucceedStop(facts), type, bytes: requested) : .harmless
  }

  /// The first parameter of the stop on a request that a version with checks at the door refuses
  /// (Microsoft, bug check 0xC2).
  private func refusedEntry(_ bytes: UInt64, _ tag: PoolTag) -> UInt64? {
    if bytes == 0 { return 0 }
    if tag.word == 0 { return 0x9B }
    if tag.unprotected == .big { return 0x9C }
    let (first, second, third, fourth) = tag.unprotected.bytes
    let isNamed = [first, second, third, fourth].contains { byte in
      UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }
    return isNamed ? nil : 0x9D
  }

  /// The stop of a must-succeed request that cannot be met: what could not be had (a small request
  /// needs a page), nonpaged pages, large nonpaged pages, and available pages where the version
  /// tells them (Microsoft, bug check 0x41; ReactOS ExAllocatePoolWithTag).
  private func mustSucceedStop(_ facts: RequestFacts) -> BugCheck {
    let base = view.descriptors[0].address
    func counter(_ offset: UInt64) -> UInt64 { UInt64(view.word32(base &+ offset) ?? 0) }
    return BugCheck(
      BugCheck.mustSucceedPoolEmpty, facts.isLarge ? facts.bytes : profile.pageBytes,
      counter(profile.descriptor.totalPages), counter(profile.descriptor.totalBigPages),
      profile.mustSucceed == .bugCheckOnFailure ? 0 : view.variables.availablePages)
  }

  // MARK: Frees

  /// True where a large allocation may have found the big-page table full, or the next one will, and
  /// the version compares the tag that it then has with the one that it is freed with.
  var losesTags: Bool {
    let variables = view.variables
    let isFull = variables.bigTableInUse >= variables.bigTableEntries
    return (isFull || variables.bigTableExpansionFailures != 0) && profile.tagCheck != .never
  }

  private func free(_ address: Address, _ tag: PoolTag?) -> Verdict {
    guard let owned = live[address] else { return strayFree(address) }
    if isOutside(address) { return .harmless }
    let level = view.variables.interruptLevel
    if level > (owned.type.isPaged ? 1 : 2) {
      return .bugCheck(code: BugCheck.badPoolCaller, first: 9)
    }
    guard let tag, tag.word != 0 else { return .harmless }
    let isRefused =
      switch profile.tagCheck {
      case .never: false
      case .protectedOnly:
        owned.tag.isProtected && tag.unprotected != owned.tag.unprotected
      case .always: tag != owned.tag.unprotected
      }
    // A large allocation that found its table full has lost its tag: the right one is refused.
    if address & (profile.pageBytes &- 1) == 0, losesTags { return .unspecified }
    guard isRefused else { return .harmless }
    return .bugCheck(code: BugCheck.badPoolCaller, first: 0xA)
  }

  /// True for contiguous memory that is none of the pool's: only its own routine takes it back.
  private func isOutside(_ address: Address) -> Bool {
    live[address]?.isContiguous == true && view.region(of: address)?.kind == nil
  }

  /// A free of an address that no caller holds, or that the pool did not give.
  private func strayFree(_ address: Address) -> Verdict {
    guard address & (profile.pageBytes &- 1) != 0 else { return .unspecified }
    let region = view.region(of: address)
    if profile.doubleFreeCheck == .freeHeader {
      guard region?.kind != nil else {
        return .bugCheck(
          code: BugCheck.badPoolCaller, first: address < profile.systemBase ? 0x40 : 0x43)
      }
      if (address &- header) & (profile.unitBytes &- 1) != 0 {
        return .bugCheck(code: BugCheck.badPoolCaller, first: 0x46)
      }
    }
    guard view.word32(address &- header) != nil else { return .fault }
    guard let block = block(startingAt: address &- header) else { return .unspecified }
    switch block.state {
    case .free, .orphan:
      guard profile.doubleFreeCheck == .freeHeader else { return .unspecified }
      return .bugCheck(code: BugCheck.badPoolCaller, first: 7)
    case .lookaside, .deferred: return .noticed
    case .allocated, .fragment: return .unspecified
    }
  }

  // MARK: Stores

  private func store(_ address: Address, _ bytes: [UInt8], owner: Address?) -> Verdict {
    let ownBytes = owner.flatMap { live[$0]?.requestedBytes } ?? 0
    var changed: [Address] = []
    for (offset, byte) in bytes.enumerated() {
      let place = address &+ UInt64(offset)
      // An overrun may begin within what is the writer's own: that part is no misuse.
      if let owner, place &- owner < ownBytes { continue }
      guard let old = view.byte(place) else { return .fault }
      if old != byte { changed.append(place) }
    }
    if changed.isEmpty { return .harmless }
    return changed.contains(where: isWatched) ? .noticed : .unspecified
  }

  /// True where a change of the byte must break an invariant.
  private func isWatched(_ place: Address) -> Bool {
    guard let walk = walk(ofPageAt: place), let block = walk.block(containing: place)
    else { return false }
    let offset = place &- block.address
    if offset < 4 { return isSizeByte(offset) }
    switch block.state {
    case .free:
      return offset >= header && offset < header &+ 2 &* profile.wordBytes
    case .allocated: return isPattern(place, from: block.address &+ header)
    case .orphan, .lookaside, .deferred, .fragment: return false
    }
  }

  /// True for the bytes that hold nothing but a size's low bits.
  private func isSizeByte(_ offset: UInt64) -> Bool {
    let layout = profile.header
    return offset == UInt64(layout.previousSize.shift / 8)
      || offset == UInt64(layout.blockSize.shift / 8)
  }

  /// True for a byte of somebody's pattern that its owner has not written over.
  private func isPattern(_ place: Address, from body: Address) -> Bool {
    guard let owned = live[body], owned.patternSeed != nil else { return false }
    let offset = place &- body
    return offset < owned.requestedBytes
      && !(offset >= owned.writtenFrom && offset < owned.writtenTo)
  }

  // MARK: Blocks

  /// The blocks of the page of small blocks that holds an address; nil where they do not tile it, or
  /// where it is none.
  private func walk(ofPageAt address: Address) -> PageWalk? {
    let page = address & ~(profile.pageBytes &- 1)
    guard let region = view.region(of: page), region.kind != nil,
      region.marks(at: page)?.contains(.smallBlocks) ?? false
    else { return nil }
    let walk = PageWalk(view, page: page, parked: ParkedBlocks(view))
    return walk.faults.isEmpty ? walk : nil
  }

  private func block(startingAt address: Address) -> PoolBlock? {
    guard let block = walk(ofPageAt: address)?.block(containing: address) else { return nil }
    return block.address == address ? block : nil
  }
}
