import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolView
import enum PoolWalk.KernelTable
import struct PoolWalk.PoolArea
import enum PoolWalk.PoolFamily

/// Every page that a pool could have, numbered through: the initial nonpaged pool, its expansion,
/// then paged and session pool. Nonpaged pages have the numbers that the kernel gives them.
struct PageSpaces {
  /// An unbroken range of pages.
  struct Space {
    let kind: PoolKind
    let base: Address
    let firstPage: Int
    let pageCount: Int

    /// The numbers of its pages.
    var pages: Range<Int> { firstPage..<(firstPage + pageCount) }
  }

  private(set) var spaces: [Space] = []
  /// The first of them by itself, since most addresses lie in it, and the others, of which there are
  /// three at most, side by side: asking an array for each showed in the time of every operation.
  private var first = Self.none
  private var others = (Self.none, Self.none, Self.none)
  private static var none: Space { Space(kind: .nonPaged, base: 0, firstPage: 0, pageCount: 0) }
  /// Where the initial nonpaged pool starts, and its bytes.
  private(set) var firstBase: Address = 0
  private(set) var firstBytes: UInt64 = 0
  /// Pages of nonpaged pool, expansion included.
  let nonPagedCount: Int
  /// Pages of the initial nonpaged pool: a border that no run of pages crosses.
  let initialCount: Int
  private let pageShift: UInt64

  /// All pages.
  var count: Int { spaces.last.map { $0.firstPage + $0.pageCount } ?? 0 }

  init(_ view: PoolView, _ facts: PoolFacts) {
    pageShift = facts.pageShift
    initialCount = Int(view.configuration.nonPagedPages)
    nonPagedCount = Int(view.configuration.nonPagedLimit)
    for area in PoolArea.all(in: view) { add(area.family.kind, area.base, Int(area.pages)) }
  }

  private mutating func add(_ kind: PoolKind, _ base: Address, _ pages: Int) {
    guard pages > 0 else { return }
    spaces.append(Space(kind: kind, base: base, firstPage: count, pageCount: pages))
    first = spaces[0]
    switch spaces.count {
    case 1: break
    case 2: others.0 = spaces[1]
    case 3: others.1 = spaces[2]
    case 4: others.2 = spaces[3]
    default: preconditionFailure("initial pool, expansion, paged and session pool")
    }
    firstBase = first.base
    firstBytes = UInt64(initialCount) &<< pageShift
  }

  /// The space that holds `address`.
  @inline(__always) func space(of address: Address) -> Space? {
    if (address &- first.base) &>> pageShift < UInt64(first.pageCount) { return first }
    if page(of: address, in: others.0) != nil { return others.0 }
    if page(of: address, in: others.1) != nil { return others.1 }
    return page(of: address, in: others.2) != nil ? others.2 : nil
  }

  /// The number of the page that holds `address`, or nil outside of every pool.
  @inline(__always) func page(of address: Address) -> Int? {
    let inFirst = (address &- first.base) &>> pageShift
    if inFirst < UInt64(first.pageCount) { return Int(inFirst) }
    return page(of: address, in: others.0) ?? page(of: address, in: others.1)
      ?? page(of: address, in: others.2)
  }

  @inline(__always) private func page(of address: Address, in space: Space) -> Int? {
    let offset = (address &- space.base) &>> pageShift
    return offset < UInt64(space.pageCount) ? space.firstPage &+ Int(offset) : nil
  }

  /// Where a page lies.
  @inline(__always) func address(of page: Int) -> Address {
    if page < first.pageCount { return first.base &+ UInt64(page) &<< pageShift }
    return address(of: page, in: others.0) ?? address(of: page, in: others.1)
      ?? address(of: page, in: others.2) ?? 0
  }

  @inline(__always) private func address(of page: Int, in space: Space) -> Address? {
    let number = page &- space.firstPage
    return number < space.pageCount ? space.base &+ UInt64(number) &<< pageShift : nil
  }

  /// Pages that are carved into small blocks, in the order of the pools and of their addresses.
  func smallBlockPages(_ view: PoolView) -> [Address] {
    PoolFamily.allCases.flatMap { view.smallBlockPages($0.kind) }
  }
}

/// Who holds a page. Every page has one owner at most.
enum PageOwner: UInt8 {
  /// Nobody has claimed it.
  case nobody = 0
  /// First page of a free run.
  case freeRunStart = 1
  /// Another page of a free run.
  case freeRun = 2
  /// Small blocks.
  case smallBlocks = 3
  /// A large allocation.
  case large = 4
  /// First page of a large allocation.
  case largeStart = 8
  /// A list of single pages, or of runs of two or three.
  case singlePageList = 5
  /// The tag table.
  case trackerTable = 6
  /// The big-page table.
  case bigPageTable = 7

  /// The owner of a table's pages.
  init(_ table: KernelTable) { self = table == .tags ? .trackerTable : .bigPageTable }

  /// Words for a report.
  var words: String {
    switch self {
    case .nobody: "nobody"
    case .freeRunStart, .freeRun: "a free run"
    case .smallBlocks: "small blocks"
    case .large, .largeStart: "a large allocation"
    case .singlePageList: "a single-page list"
    case .trackerTable: "the tag table"
    case .bigPageTable: "the big-page table"
    }
  }
}
