// The table of large allocations: address, tag and size of each (ReactOS ExpAddTagForBigPages,
// ExpFindAndRemoveTagBigPages). It lies in nonpaged pages and is probed linearly.
//
// An entry is free while bit 0 of its address is set; a removed entry keeps its old address with
// the bit set, and its tag and size stay behind. The size is a page count up to Windows 2003 and a
// byte count from Vista on; entries have 12 bytes on XP, 16 on later x86 and 24 on x64.

extension PoolState {
  /// The mark of a free entry.
  static let freeEntry: Address = 1

  /// What the table knows of one large allocation.
  struct BigEntry {
    var tag: PoolTag
    /// The request rounded up to units where entries count bytes, else to pages.
    var bytes: UInt64
    /// The type asked for, where entries keep it.
    var type: PoolType = .nonPaged
    /// The process that pays, or 0.
    var process: Address = 0
  }

  @inline(__always) private mutating func entry(_ index: UInt64) -> Address {
    variables.pointee.bigTable &+ index &* profile.bigEntryBytes
  }

  private var keyOffset: UInt64 { mutating get { geometry.wordBytes } }

  /// Offset of the size: behind the tag, or behind tag and pool type where bytes are counted.
  private var sizeOffset: UInt64 {
    mutating get { countsBytes ? geometry.wordBytes &+ 8 : geometry.wordBytes &+ 4 }
  }

  /// True where entries count bytes: Vista and later.
  private var countsBytes: Bool { mutating get { profile.storedPoolType == .orTwo } }

  /// The index at which the search for an address starts, before the mask: the bytes of the page
  /// number, folded (ReactOS `ExpComputePartialHashForAddress`).
  @inline(__always) mutating func partialHash(_ address: Address) -> UInt64 {
    let page = UInt32(truncatingIfNeeded: address &>> geometry.pageShift)
    let second = mutant == .bigTableHash ? 0 : page &>> 8
    return UInt64((page &>> 24) ^ (page &>> 16) ^ second ^ page)
  }

  /// Enters an allocation. False when the table is full and cannot grow.
  mutating func addBigEntry(
    _ address: Address, tag: PoolTag, bytes: UInt64, type: PoolType
  ) throws(Halt) -> Bool {
    while true {
      if let probes = try insertBigEntry(address, tag: tag, bytes: bytes, type: type) {
        let crowded = variables.pointee.bigTableInUse > variables.pointee.bigTableEntries / 4 * 3
        if probes >= 16, crowded, profile.bigTableResizing == .dynamic {
          _ = try resizeBigTable(.grow)
        }
        return true
      }
      mechanisms.insert(.tableOverflow)
      guard profile.bigTableResizing == .dynamic, try resizeBigTable(.grow) else {
        variables.pointee.bigTableExpansionFailures += 1
        return false
      }
    }
  }

  /// Writes the first free entry from the hash on; nil when there is none, else how many entries
  /// were passed.
  private mutating func insertBigEntry(
    _ address: Address, tag: PoolTag, bytes: UInt64, type: PoolType
  ) throws(Halt) -> UInt64? {
    let count = variables.pointee.bigTableEntries
    var index = partialHash(address) & (count &- 1)
    for probes in 0..<count {
      let place = entry(index)
      if try memory.loadPointer(place) & Self.freeEntry != 0 {
        try memory.storePointer(place, address)
        if mutant != .bigEntryTagLost { try memory.store32(place &+ keyOffset, tag.word) }
        if profile.largeQuota == .charged { try setQuotaObject(ofEntryAt: place, 0) }
        let bytes = mutant == .bigEntryOnePageLess ? bytes &- geometry.pageBytes : bytes
        if countsBytes {
          try memory.store32(place &+ keyOffset &+ 4, type.rawValue)
          try memory.storePointer(place &+ sizeOffset, unitRounded(bytes))
        } else {
          try memory.store32(place &+ sizeOffset, UInt32(truncatingIfNeeded: pageCount(bytes)))
        }
        variables.pointee.bigTableInUse &+= 1
        return probes
      }
      index &+= 1
      if index == count { index = 0 }
    }
    return nil
  }

  /// The place of an allocation's entry; nil when it is not in the table.
  ///
  /// Free entries do not end the search: the rest of the table is looked through, then all of it.
  mutating func findBigEntry(_ address: Address) throws(Halt) -> Address? {
    let count = variables.pointee.bigTableEntries
    let start = partialHash(address) & (count &- 1)
    for index in start..<count where try memory.loadPointer(entry(index)) == address {
      return entry(index)
    }
    for index in 0..<count where try memory.loadPointer(entry(index)) == address {
      return entry(index)
    }
    return nil
  }

  /// Removes an allocation; nil when it is not in the table.
  mutating func removeBigEntry(_ address: Address) throws(Halt) -> BigEntry? {
    guard let place = try findBigEntry(address) else { return nil }
    var found = BigEntry(
      tag: PoolTag(word: try memory.load32(place &+ keyOffset)), bytes: try bytes(at: place))
    if countsBytes {
      found.type = PoolType(rawValue: try memory.load32(place &+ keyOffset &+ 4))
    } else if profile.largeQuota == .charged {
      found.process = try memory.loadPointer(place &+ quotaObjectOffset)
    }
    if mutant != .bigEntryNotFreed {
      try memory.storePointer(place, address &+ Self.freeEntry)
    }
    if mutant != .bigInUseNotLowered { variables.pointee.bigTableInUse &-= 1 }
    return found
  }

  /// Offset of the process that pays, in entries that have it: those of Windows 2003.
  private var quotaObjectOffset: UInt64 { mutating get { geometry.wordBytes &+ 8 } }

  /// Names the process that pays for an allocation, where entries have room for it.
  mutating func setQuotaObject(
    ofEntryAt place: Address, _ process: Address
  ) throws(Halt) {
    guard !countsBytes else { return }
    try memory.storePointer(place &+ quotaObjectOffset, process)
  }

  private mutating func bytes(at place: Address) throws(Halt) -> UInt64 {
    countsBytes
      ? try memory.loadPointer(place &+ sizeOffset)
      : UInt64(try memory.load32(place &+ sizeOffset)) &<< geometry.pageShift
  }

  // MARK: Size

  /// A direction of resizing.
  enum Resizing { case grow, shrink }

  /// Halves the table when less than an eighth is in use.
  mutating func shrinkBigTableIfSparse() throws(Halt) {
    let divisor: UInt64 = mutant == .bigTableShrinksLate ? 16 : 8
    guard profile.bigTableResizing == .dynamic,
      variables.pointee.bigTableInUse < variables.pointee.bigTableEntries / divisor
    else { return }
    _ = try resizeBigTable(.shrink)
  }

  /// The next size in entries, rounded as if a page held a power of two of them: a page of x64
  /// holds 170, and the mask still clears the bits of 169.
  private mutating func bigTableEntries(after direction: Resizing) -> UInt64 {
    let rounding = profile.bigEntriesPerPage &- 1
    let old = variables.pointee.bigTableEntries
    switch direction {
    case .grow: return (old &* 2) & ~rounding
    case .shrink: return (old / 2 &+ rounding) & ~rounding
    }
  }

  /// Moves the table to new pages. False when there is no memory for it.
  private mutating func resizeBigTable(_ direction: Resizing) throws(Halt) -> Bool {
    let oldTable = variables.pointee.bigTable
    let oldCount = variables.pointee.bigTableEntries
    let newCount = bigTableEntries(after: direction)
    guard newCount != oldCount else { return true }
    let newBytes = newCount &* profile.bigEntryBytes
    guard newCount > 1, let table = try allocatePages(.nonPaged, bytes: newBytes)
    else { return false }
    try memory.clear(table, newBytes)
    try memory.storePointers(
      Self.freeEntry, from: table, count: newCount, stride: profile.bigEntryBytes)
    try rehash(from: oldTable, oldCount, to: table, newCount)
    variables.pointee.bigTable = table
    variables.pointee.bigTableEntries = newCount
    mechanisms.insert(direction == .grow ? .tableGrown : .tableShrunk)
    let oldBytes = pageRounded(oldCount &* profile.bigEntryBytes)
    let wasInPool = isInPool(oldTable)
    if wasInPool { try untrack(.pool, bytes: oldBytes, type: .nonPaged) }
    try track(.pool, bytes: pageRounded(newBytes), type: .nonPaged)
    if wasInPool { _ = try freePages(oldTable, .nonPaged) }
    return true
  }

  /// Copies the used entries in index order. The new index is a remainder by size less one, not a
  /// mask, as recorded; searches still find every entry because they look through the table.
  private mutating func rehash(
    from oldTable: Address, _ oldCount: UInt64, to table: Address, _ newCount: UInt64
  ) throws(Halt) {
    for old in (mutant == .bigRehashForgetsFirst ? 1 : 0)..<oldCount {
      let source = oldTable &+ old &* profile.bigEntryBytes
      let address = try memory.loadPointer(source)
      if address & Self.freeEntry != 0 { continue }
      var index = partialHash(address) % (newCount &- 1)
      var probes: UInt64 = 0
      while try memory.loadPointer(table &+ index &* profile.bigEntryBytes) & Self.freeEntry == 0 {
        index &+= 1
        if index == newCount { index = 0 }
        probes += 1
        if probes > newCount { throw memory.halt(.hang) }
      }
      let target = table &+ index &* profile.bigEntryBytes
      for offset in stride(from: 0, to: profile.bigEntryBytes, by: 4) {
        try memory.store32(target &+ offset, try memory.load32(source &+ offset))
      }
    }
  }

  /// `bytes` rounded up to whole units.
  @inline(__always) mutating func unitRounded(_ bytes: UInt64) -> UInt64 {
    (bytes &+ profile.unitBytes &- 1) & ~(profile.unitBytes &- 1)
  }

  /// `bytes` rounded up to whole pages.
  @inline(__always) mutating func pageRounded(_ bytes: UInt64) -> UInt64 {
    (bytes &+ geometry.pageMask) & ~geometry.pageMask
  }
}
