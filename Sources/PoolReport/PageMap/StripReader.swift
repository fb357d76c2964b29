import KernelPool
import PoolWalk

/// Turns what a walk finds into strips.
struct StripReader {
  private let walker: PoolWalker
  private let unitBytes: UInt64
  private let unitsPerPage: Int

  init(_ walker: PoolWalker) {
    self.walker = walker
    unitBytes = walker.view.profile.unitBytes
    unitsPerPage = Int(walker.view.profile.unitsPerPage)
  }

  /// The strips of a page or run: a large allocation whose last page has small blocks has two.
  func strips(_ use: PageUse) -> [PageStrip] {
    switch use {
    case .smallBlocks(let page):
      let walk = walker.blocks(ofPage: page)
      return [strip(walk, front: [], note: note(walk))]
    case .large(let allocation):
      return large(allocation)
    case .table(let table, let address, let pages):
      return [run(address, pages, .table, note: "\(table.rawValue), \(pages) pages")]
    case .kept(let address, let pages):
      return [run(address, pages, .kept, note: "\(pages) page(s) for reuse")]
    }
  }

  private func large(_ allocation: LargeAllocation) -> [PageStrip] {
    let tag = allocation.tag.characters
    let note =
      "\(tag) \(allocation.pages) pages, 0x\(String(allocation.byteCount, radix: 16)) bytes"
    guard let tail = walker.tail(of: allocation) else {
      return [run(allocation.address, allocation.pages, .large, tag: allocation.tag, note: note)]
    }
    let front = PageStrip.Piece(
      offsetUnits: 0, units: Int(tail.startOffset / unitBytes), state: .large,
      tag: allocation.tag.word)
    let last = strip(tail, front: [front], note: allocation.pages == 1 ? note : "its last page")
    guard allocation.pages > 1 else { return [last] }
    return [
      run(allocation.address, allocation.pages - 1, .large, tag: allocation.tag, note: note), last,
    ]
  }

  private func run(
    _ address: Address, _ pages: UInt64, _ state: CellState, tag: PoolTag = PoolTag(word: 0),
    note: String
  ) -> PageStrip {
    PageStrip(
      address: address, pages: pages, note: note,
      pieces: [.init(offsetUnits: 0, units: unitsPerPage, state: state, tag: tag.word)])
  }

  private func strip(_ walk: PageWalk, front: [PageStrip.Piece], note: String) -> PageStrip {
    var pieces = front
    var next = Int(walk.startOffset / unitBytes)
    for block in walk.blocks {
      pieces.append(
        .init(
          offsetUnits: next, units: Int(block.header.units), state: CellState(block.state),
          tag: block.header.tag.word))
      next += Int(block.header.units)
    }
    if next < unitsPerPage {
      pieces.append(
        .init(offsetUnits: next, units: unitsPerPage - next, state: .unknown, tag: 0))
    }
    return PageStrip(address: walk.page, pages: 1, note: note, pieces: pieces)
  }

  private func note(_ walk: PageWalk) -> String {
    let live = walk.blocks.filter { $0.state == .allocated }
    let bytes = live.reduce(0) { $0 + $1.byteCount }
    return "\(bytes) bytes in \(live.count)" + (walk.faults.isEmpty ? "" : ", corrupt")
  }
}
