import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import struct KernelPool.SinglePageList

/// A double-linked list through its head, entry by entry along the forward links.
///
/// Nothing is believed: whoever walks bounds the steps and decides what a wrong link means. Links are
/// those that are stored, less the bit that some versions set in each.
public struct RingWalk {
  /// The two links of a head or an entry.
  public struct Links {
    /// What the forward link says, the encoding's bit included.
    public let storedNext: Address
    /// What the backward link says, the encoding's bit included.
    public let storedBack: Address

    /// The links at `address`; nil where they cannot be read.
    @inlinable public init?(_ view: PoolView, at address: Address) {
      guard let next = view.pointer(address),
        let back = view.pointer(address &+ view.profile.wordBytes)
      else { return nil }
      storedNext = next
      storedBack = back
    }
  }

  /// An entry, with the one before it on the walk.
  public struct Entry {
    /// Where its links lie.
    public let address: Address
    /// The entry or head that led here.
    public let previous: Address
    /// Its links; nil where they cannot be read, which ends the walk.
    public let links: Links?
    /// Where the forward link leads.
    public let next: Address?
    /// Where the backward link leads.
    public let back: Address?
  }

  /// Address of the head.
  public let head: Address
  /// The head's links.
  public let links: Links
  /// The entry that the walk came by last; the head before the first.
  public private(set) var last: Address
  /// Entries so far.
  public private(set) var count = 0
  /// True once the walk has come back to the head.
  public var isClosed: Bool { upcoming == head }
  /// The last entry as the head has it.
  public var lastOfHead: Address { links.storedBack & ~linkBit }
  /// The entry to come, or the head behind the last; nil where the walk cannot go on.
  public private(set) var upcoming: Address?
  private let view: PoolView
  private let linkBit: Address

  /// The list whose head lies at `head`; nil where that cannot be read. `linkBit` is what the
  /// encoding sets in each link.
  public init?(_ view: PoolView, head: Address, linkBit: Address = 0) {
    guard let links = Links(view, at: head) else { return nil }
    self.view = view
    self.head = head
    self.links = links
    self.linkBit = linkBit
    last = head
    upcoming = links.storedNext & ~linkBit
  }

  /// The next entry, or nil at the head and where a link could not be read.
  public mutating func next() -> Entry? {
    guard let address = upcoming, address != head else { return nil }
    let links = Links(view, at: address)
    let next = links.map { $0.storedNext & ~linkBit }
    let entry = Entry(
      address: address, previous: last, links: links, next: next,
      back: links.map { $0.storedBack & ~linkBit })
    count += 1
    last = address
    upcoming = next
    return entry
  }
}

/// A single-linked list, entry by entry: its end is a link of zero.
///
/// Nothing is believed: whoever walks bounds the steps.
public struct ChainWalk {
  /// An entry.
  public struct Entry {
    /// Where its link lies.
    public let address: Address
    /// What the link says; nil where it cannot be read, which ends the walk.
    public let next: Address?
  }

  /// The entry to come; 0 behind the last and where a link could not be read.
  public private(set) var upcoming: Address
  /// Entries so far.
  public private(set) var count = 0
  private let view: PoolView

  /// The list that begins at `top`.
  public init(_ view: PoolView, top: Address) {
    self.view = view
    upcoming = top
  }

  /// The next entry, or nil behind the last.
  public mutating func next() -> Entry? {
    guard upcoming != 0 else { return nil }
    let entry = Entry(address: upcoming, next: view.pointer(upcoming))
    upcoming = entry.next ?? 0
    count += 1
    return entry
  }

  /// The next entry that can be read, or nil once there were so many.
  mutating func next(atMost limit: Int) -> Address? {
    guard count < limit, let entry = next(), entry.next != nil else { return nil }
    return entry.address
  }

  /// The most entries of one list that a debugger looks at: as many as an S-list can count.
  static let mostEntries = 65_536
}

/// The blocks that callers have freed and the lists have not got yet.
///
/// Their headers say in use; only the lookaside lists and the chains of deferred frees tell them
/// from live ones. Chains are followed for at most 65,536 steps, the most that an S-list can count,
/// and never twice through the same block, so a corrupted link costs nothing.
public struct ParkedBlocks: Sendable {
  /// How each parked block is parked, by the address of its header.
  public private(set) var states: [Address: BlockState] = [:]

  /// The blocks parked at this moment.
  public init(_ view: PoolView) {
    for index in 0..<view.lookasideCount {
      follow(view, from: view.lookaside(at: index).top, as: .lookaside)
    }
    guard view.profile.deferredFrees else { return }
    for root in view.descriptors {
      let first = view.pointer(root.address &+ view.profile.descriptor.pendingFrees)
      follow(view, from: first ?? 0, as: .deferred)
    }
  }

  /// How the block whose header is at `address` is parked, or nil where it is not.
  public func state(ofHeaderAt address: Address) -> BlockState? { states[address] }

  private mutating func follow(_ view: PoolView, from first: Address, as state: BlockState) {
    var chain = ChainWalk(view, top: first)
    while let body = chain.next(atMost: ChainWalk.mostEntries) {
      let header = body &- UInt64(view.profile.header.bytes)
      guard states.updateValue(state, forKey: header) == nil else { return }
    }
  }
}

/// A list on which freed runs of pages wait for the next request.
public struct KeptList {
  /// The list's variables.
  public let list: SinglePageList
  /// The pool whose pages they are.
  public let kind: PoolKind
  /// Pages of each run.
  public let pages: Int

  /// How many lists there are.
  public static let count = 5

  /// A list by number: nonpaged runs of one, two and three pages, then single paged and session
  /// pages.
  @inlinable @inline(__always) public init(_ view: PoolView, _ number: Int) {
    let lists = view.variablesAddress.pointee.singlePageLists
    switch number {
    case 0: list = lists.nonPaged.0
    case 1: list = lists.nonPaged.1
    case 2: list = lists.nonPaged.2
    case 3: list = lists.paged
    default: list = lists.session
    }
    kind = number < 3 ? .nonPaged : number == 3 ? .paged : .session
    pages = number < 3 ? number + 1 : 1
  }

  /// The freed runs on all lists, pages by address. Followed like every chain: a bounded number of
  /// steps, and no run twice.
  static func pagesByAddress(_ view: PoolView) -> [Address: UInt64] {
    var found: [Address: UInt64] = [:]
    for number in 0..<count {
      let kept = KeptList(view, number)
      var chain = ChainWalk(view, top: kept.list.top)
      while let run = chain.next(atMost: ChainWalk.mostEntries),
        found.updateValue(UInt64(kept.pages), forKey: run) == nil
      {}
    }
    return found
  }
}
