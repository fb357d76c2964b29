// The checks of headers that ReactOS makes at every allocation from a list and every real free
// (ExpCheckPoolHeader, ExpCheckPoolBlocks), with the bug checks they raise.

extension KernelPool {
  private func page(of address: Address) -> Address { address & ~geometry.pageMask }

  /// Stops the kernel unless one header agrees with both of its neighbours.
  mutating func checkHeader(_ header: Address) throws(Halt) {
    let word = try headerWord(header)
    let previousUnits = UInt64(profile.header.previousSize.get(word))
    let units = UInt64(profile.header.blockSize.get(word))
    if previousUnits != 0 {
      let previous = block(header, plus: 0 &- previousUnits)
      guard page(of: previous) == page(of: header) else {
        throw bugCheck(BugCheck.badPoolHeader, 6, previous, 0, header)
      }
      guard try blockSize(previous) == previousUnits else {
        throw bugCheck(BugCheck.badPoolHeader, 5, previous, 0, header)
      }
    } else if !geometry.isPageAligned(header) {
      throw bugCheck(BugCheck.badPoolHeader, 7, 0, 0, header)
    }
    guard units != 0 else { throw bugCheck(BugCheck.badPoolHeader, 8, 0, 0, header) }
    let next = block(header, plus: units)
    if geometry.isPageAligned(next) { return }
    guard page(of: next) == page(of: header) else {
      throw bugCheck(BugCheck.badPoolHeader, 9, next, 0, header)
    }
    guard try previousSize(next) == units else {
      throw bugCheck(BugCheck.badPoolHeader, 5, next, 0, header)
    }
  }

  /// Checks every header of the page that holds `header`, and that `header` is one of them.
  ///
  /// A profile of small-block traces spends nine tenths of its instructions here, so a page in
  /// order is walked once with its host address; only a page that is not is walked again, header
  /// by header as the kernel does, to find which bug check it is.
  mutating func checkPage(of header: Address) throws(Halt) {
    let start = page(of: header)
    if let host = try? memory.locate(start, geometry.pageBytes),
      isInOrder(UnsafeRawPointer(host), holding: header &- start)
    {
      return
    }
    try checkEachHeader(ofPageWith: header)
  }

  /// True where the chain of headers from the page's start is whole, ends at its end and passes
  /// the header at `wanted`. That each header knows its successor's view of it, and the first has
  /// no predecessor, says the same as checking each header in both directions.
  @inline(__always)
  private func isInOrder(_ host: UnsafeRawPointer, holding wanted: UInt64) -> Bool {
    let layout = profile.header
    let shift = geometry.unitShift
    let pageBytes = geometry.pageBytes
    var word = host.loadUnaligned(as: UInt32.self)
    var offset: UInt64 = 0
    var found = false
    guard layout.previousSize.get(word) == 0 else { return false }
    while true {
      found = found || offset == wanted
      let units = layout.blockSize.get(word)
      if units == 0 { return false }
      offset &+= UInt64(units) &<< shift
      if offset >= pageBytes { return found && offset == pageBytes }
      word = host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
      if layout.previousSize.get(word) != units { return false }
    }
  }

  /// The same walk, with the bug check of the first header that is wrong.
  private mutating func checkEachHeader(ofPageWith header: Address) throws(Halt) {
    var current = page(of: header)
    var found = false
    var total: UInt64 = 0
    repeat {
      if current == header { found = true }
      try checkHeader(current)
      let units = try blockSize(current)
      total &+= units
      current = block(current, plus: units)
    } while total < geometry.unitsPerPage && !geometry.isPageAligned(current)
    guard geometry.isPageAligned(current), found else {
      throw bugCheck(BugCheck.badPoolHeader, 0xA, header, 0, page(of: header))
    }
  }
}
