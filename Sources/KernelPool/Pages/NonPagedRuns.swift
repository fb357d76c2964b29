// Nonpaged pages as runs on four lists: one, two, three, four and more pages (ReactOS
// MiAllocatePoolPages, MiFreePoolPages). A free run is described by an entry in its first page; its
// other pages carry a signature and the address of that entry, so that a freed neighbour finds it.

extension PoolState {
  /// Offsets of the fields of a free run's entry.
  private var sizeOffset: UInt64 { mutating get { geometry.wordBytes &* 2 } }
  private var signatureOffset: UInt64 { mutating get { geometry.wordBytes &* 2 &+ 4 } }
  private var ownerOffset: UInt64 { mutating get { geometry.wordBytes &* 2 &+ 8 } }

  /// The head of the list for runs of `pages`.
  @inline(__always) private mutating func runHead(_ pages: UInt64) -> Address {
    variables.pointee.freeRunHeads &+ (min(pages, mutant == .runWrongList ? 3 : 4) &- 1)
      &* geometry.wordBytes &* 2
  }

  /// Makes the initial pool one free run. Its other pages are stamped when they are first touched.
  mutating func makeInitialRun() throws(Halt) {
    for list in 1...4 {
      let head = runHead(UInt64(list))
      try memory.storePointer(head, head)
      try memory.storePointer(head &+ geometry.wordBytes, head)
    }
    let run = profile.nonPagedBase
    let pages = variables.pointee.initialPages
    try memory.store32(run &+ sizeOffset, UInt32(truncatingIfNeeded: pages))
    try memory.store32(run &+ signatureOffset, FreePageStamps.signature)
    try memory.storePointer(run &+ ownerOffset, run)
    try insertRun(run, head: runHead(pages), at: .tail)
  }

  /// Takes pages from the first sufficient run, from its end; a shortened run goes to the tail of
  /// its list even when the list stays the same.
  mutating func allocateRun(pages: UInt64) throws(Halt) -> Address? {
    var visited: UInt64 = 0
    for list in min(pages, 4)...4 {
      let head = runHead(list)
      var run = try memory.loadRunPointer(head)
      while run != head {
        if let host = memory.blockInWindow(run) {
          let size = UInt64(host.word32(Int(sizeOffset)))
          if size >= pages { return try take(pages, from: run, size: size) }
          run = geometry.isWide ? host.word64() : UInt64(host.word32())
        } else {
          let size = UInt64(try memory.load32(run &+ sizeOffset))
          if size >= pages { return try take(pages, from: run, size: size) }
          run = try memory.loadPointer(run)
        }
        visited &+= 1
        if visited > variables.pointee.maximumPages { throw memory.halt(.hang) }
      }
    }
    return try expand(pages: pages)
  }

  private mutating func take(
    _ pages: UInt64, from run: Address, size: UInt64
  ) throws(Halt) -> Address {
    let left = size &- pages
    try memory.store32(run &+ sizeOffset, UInt32(truncatingIfNeeded: left))
    var offset = left &<< geometry.pageShift
    if profile.pageOffsetWidth == .bits32 { offset &= 0xFFFF_FFFF }
    let address =
      mutant == .runTakenFromFront && left != 0 && pages <= left ? run : run &+ offset
    try unlinkRun(run)
    if left != 0 {
      mechanisms.insert(.runShortened)
      if address == run {
        try moveRun(to: run &+ pages &<< geometry.pageShift, size: left)
      } else {
        try insertRun(run, head: runHead(left), at: mutant == .runToHead ? .head : .tail)
      }
    } else {
      mechanisms.insert(.runConsumed)
    }
    if let page = nonPagedPage(at: address) {
      memory.touch(pages: pages, from: page)
      setMarks(page, .start)
    }
    let last = address &+ (pages &- 1) &<< geometry.pageShift
    if let page = nonPagedPage(at: last) { setMarks(page, .end) }
    return address
  }

  /// Describes the rest of a run at a new first page; only a planted bug needs it.
  private mutating func moveRun(to run: Address, size: UInt64) throws(Halt) {
    try memory.store32(run &+ sizeOffset, UInt32(truncatingIfNeeded: size))
    for page in 0..<size {
      let address = run &+ page &<< geometry.pageShift
      try memory.store32(address &+ signatureOffset, FreePageStamps.signature)
      try memory.storePointer(address &+ ownerOffset, run)
    }
    try insertRun(run, head: runHead(size), at: .tail)
  }

  /// Frees the pages from `address` to the next end of an allocation.
  mutating func freeRun(_ address: Address) throws(Halt) -> UInt64 {
    guard let first = nonPagedPage(at: address), isMapped(first) else { throw frameFault() }
    var last = first
    while !marks(last).contains(.end) {
      last &+= 1
      guard last < variables.pointee.maximumPages, isMapped(last) else { throw frameFault() }
    }
    let pages = last &- first &+ 1
    if let list = singlePageList(.nonPaged, pages), try push(address, list) {
      for page in first...last { clearMarks(page, .smallBlocks) }
      return pages
    }
    if mutant != .runKeepsStartMark { clearMarks(first, .start) }
    clearMarks(last, .end)
    countHandedOut(.nonPaged, 0 &- pages)
    for page in first...last { clearMarks(page, .smallBlocks) }
    let total = try absorbNext(after: last, freed: pages)
    let run = try joinPrevious(before: first, address, total: total)
    try memory.stampPages(
      address, mutant == .runKeepsOldOwner ? pages : total, pageBytes: geometry.pageBytes,
      owner: run)
    if mutant == .runSignatureMissing { try memory.store32(address &+ signatureOffset, 0) }
    return pages
  }

  /// Takes in the free run behind the freed pages; returns the pages of both.
  private mutating func absorbNext(after last: UInt64, freed: UInt64) throws(Halt) -> UInt64 {
    let next = last &+ 1
    guard mutant != .runNoForwardMerge, last != variables.pointee.initialPages &- 1,
      next < variables.pointee.maximumPages, isMapped(next), !marks(next).contains(.start)
    else { return freed }
    mechanisms.insert(.runMergedForward)
    let run = addressOfNonPagedPage(next)
    let size = UInt64(try memory.load32(run &+ sizeOffset))
    try unlinkRun(run)
    return freed &+ size
  }

  /// Appends the freed pages to the free run before them, or makes them a run of their own. A run
  /// of four pages or more grows where it is; a shorter one moves to the tail of its new list.
  private mutating func joinPrevious(
    before first: UInt64, _ address: Address, total: UInt64
  ) throws(Halt) -> Address {
    guard mutant != .runNoBackwardMerge, first != 0, first != variables.pointee.initialPages,
      isMapped(first &- 1),
      !marks(first &- 1).contains(.end)
    else {
      try memory.store32(address &+ sizeOffset, UInt32(truncatingIfNeeded: total))
      try insertRun(address, head: runHead(total), at: .tail)
      return address
    }
    mechanisms.insert(.runMergedBackward)
    let previous = addressOfNonPagedPage(first &- 1)
    let run = try memory.loadPointer(previous &+ ownerOffset)
    let size = UInt64(try memory.load32(run &+ sizeOffset))
    let grown = size &+ total
    let staysFrom: UInt64 =
      switch mutant {
      case .runGrowthMoves: 5
      case .runOfThreeStays: 3
      default: 4
      }
    if size < staysFrom {
      try unlinkRun(run)
      try memory.store32(run &+ sizeOffset, UInt32(truncatingIfNeeded: grown))
      try insertRun(run, head: runHead(grown), at: .tail)
    } else {
      try memory.store32(run &+ sizeOffset, UInt32(truncatingIfNeeded: grown))
    }
    return run
  }

  // MARK: Links of runs: plain pointers

  private mutating func insertRun(
    _ run: Address, head: Address, at end: ListEnd
  ) throws(Halt) {
    let blink = geometry.wordBytes
    let before = end == .head ? head : try memory.loadRunPointer(head &+ blink)
    let after = end == .head ? try memory.loadRunPointer(head) : head
    try memory.storeRunPointer(run, after)
    try memory.storeRunPointer(run &+ blink, before)
    try memory.storeRunPointer(after &+ blink, run)
    try memory.storeRunPointer(before, run)
  }

  /// Takes an entry out of its list. A version that checks nothing on the way follows the links as they
  /// are (before Windows 7; Microsoft SRD 2009), and what they lead to is written over.
  private mutating func unlinkRun(_ run: Address) throws(Halt) {
    let blink = geometry.wordBytes
    let next = try memory.loadRunPointer(run)
    let previous = try memory.loadRunPointer(run &+ blink)
    if profile.checks != .none {
      guard try memory.loadRunPointer(next &+ blink) == run,
        try memory.loadRunPointer(previous) == run
      else { throw bugCheck(BugCheck.securityCheckFailure, 3) }
    }
    try memory.storeRunPointer(previous, next)
    try memory.storeRunPointer(next &+ blink, previous)
  }

  // MARK: Mapping

  /// True where a page-table entry of the page is valid.
  @inline(__always) mutating func isMapped(_ page: UInt64) -> Bool {
    page < variables.pointee.initialPages || marks(page).contains(.mapped)
  }

  /// The fault of a kernel that looks up the frame of an unmapped page.
  mutating func frameFault() -> Halt { memory.fault(at: profile.pageFrameFlagsOffset) }

  /// Maps new pages behind the initial pool; nil when there are no addresses or no memory.
  private mutating func expand(pages: UInt64) throws(Halt) -> Address? {
    guard let offset = expansionEntries.reserve(pages) else { return nil }
    guard variables.pointee.availablePages >= pages else {
      expansionEntries.release(offset, pages)
      return nil
    }
    mechanisms.insert(.expanded)
    variables.pointee.availablePages &-= pages
    if mutant != .expansionNotCounted { variables.pointee.expansionUsed &+= pages }
    let first = variables.pointee.expansionFirstPage &+ offset
    for page in first..<(first &+ pages) { setMarks(page, .mapped) }
    setMarks(first, .start)
    setMarks(first &+ pages &- 1, .end)
    return addressOfNonPagedPage(first)
  }
}
