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
  mutating func checkPage(of header: Address) throws(Halt) {
    var current = page(of: header)
    var found = false
    var total: UInt64 = 0
    var last = current
    repeat {
      if current == header { found = true }
      try checkHeader(current)
      let units = try blockSize(current)
      total &+= units
      last = current
      current = block(current, plus: units)
    } while total < geometry.unitsPerPage && !geometry.isPageAligned(current)
    guard geometry.isPageAligned(current), found else {
      throw bugCheck(BugCheck.badPoolHeader, 0xA, header, 0, last)
    }
  }
}
