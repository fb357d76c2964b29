// The checks of headers that ReactOS makes at every allocation from a list and every real free
// (ExpCheckPoolHeader, ExpCheckPoolBlocks), with the bug checks they raise.

extension SmallBlocks {
  /// Checks every header of the page that holds `block`, and that `block` is one of them.
  ///
  /// A profile of small-block traces spends nine tenths of its instructions here, so a page in
  /// order is walked once with its host address; only a page that is not is walked again, header
  /// by header as the kernel does, to find which bug check it is.
  @inline(never)
  func checkPage(of block: Block) throws(Halt) {
    let start = page(of: block.address)
    if let host = try? pool.pointee.memory.locate(start, pageBytes),
      isInOrder(UnsafeRawPointer(host), holding: block.address &- start)
    {
      return
    }
    try checkEachHeader(ofPageWith: block)
  }

  /// True where the chain of headers from the page's start is whole, ends at its end and passes
  /// the header at `wanted`. That each header knows its successor's view of it, and the first has
  /// no predecessor, says the same as checking each header in both directions.
  @inline(__always)
  private func isInOrder(_ host: UnsafeRawPointer, holding wanted: UInt64) -> Bool {
    let layout = layout
    let pageBytes = pageBytes
    var word = host.loadUnaligned(as: UInt32.self)
    var offset: UInt64 = 0
    var found = false
    guard layout.previousSize.get(word) == 0 else { return false }
    while true {
      found = found || offset == wanted
      let units = layout.blockSize.get(word)
      if units == 0 { return false }
      offset &+= bytes(UInt64(units))
      if offset >= pageBytes { return found && offset == pageBytes }
      word = host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
      if layout.previousSize.get(word) != units { return false }
    }
  }

  /// The same walk, with the bug check of the first header that is wrong.
  @inline(never)
  private func checkEachHeader(ofPageWith block: Block) throws(Halt) {
    var current = self.block(page(of: block.address))
    var found = false
    var total: UInt64 = 0
    repeat {
      if current.address == block.address { found = true }
      try checkHeader(current)
      let units = try size(current)
      total &+= units
      current = self.block(current, plus: units)
    } while total < unitsPerPage && !isPageAligned(current.address)
    guard isPageAligned(current.address), found else {
      throw bugCheck(
        BugCheck.badPoolHeader, 0xA, block.address, 0, page(of: block.address))
    }
  }

  /// Stops the kernel unless one header agrees with both of its neighbours.
  private func checkHeader(_ block: Block) throws(Halt) {
    let header = block.address
    let word = try word(block)
    let previousUnits = previousSize(in: word)
    let units = size(in: word)
    if previousUnits != 0 {
      let previous = self.block(block, plus: 0 &- previousUnits)
      guard page(of: previous.address) == page(of: header) else {
        throw bugCheck(BugCheck.badPoolHeader, 6, previous.address, 0, header)
      }
      guard try size(previous) == previousUnits else {
        throw bugCheck(BugCheck.badPoolHeader, 5, previous.address, 0, header)
      }
    } else if !isPageAligned(header) {
      throw bugCheck(BugCheck.badPoolHeader, 7, 0, 0, header)
    }
    guard units != 0 else { throw bugCheck(BugCheck.badPoolHeader, 8, 0, 0, header) }
    let next = self.block(block, plus: units)
    if isPageAligned(next.address) { return }
    guard page(of: next.address) == page(of: header) else {
      throw bugCheck(BugCheck.badPoolHeader, 9, next.address, 0, header)
    }
    guard try previousSize(next) == units else {
      throw bugCheck(BugCheck.badPoolHeader, 5, next.address, 0, header)
    }
  }
}
