// The table that counts allocations, frees and bytes for each tag (ReactOS ExpInsertPoolTracker,
// ExpRemovePoolTracker). It lies in nonpaged pages; its rows are bytes like everything else.
//
// A row: tag, then allocations, frees and bytes of nonpaged pool, then the same of paged pool. On
// x64 the byte counts have eight bytes and are aligned.

extension PoolState {
  /// Offsets of the three counters of a row.
  private struct Columns {
    let allocations: UInt64
    let frees: UInt64
    let bytes: UInt64
  }

  @inline(__always)
  private mutating func columns(paged: Bool) -> Columns {
    switch (geometry.isWide, paged) {
    case (false, false): Columns(allocations: 0x4, frees: 0x8, bytes: 0xC)
    case (false, true): Columns(allocations: 0x10, frees: 0x14, bytes: 0x18)
    case (true, false): Columns(allocations: 0x4, frees: 0x8, bytes: 0x10)
    case (true, true): Columns(allocations: 0x18, frees: 0x1C, bytes: 0x20)
    }
  }

  /// The hash of a tag; its low bits are the row at which the search for it starts.
  @inline(__always) static func tagHash(_ tag: PoolTag, factor: UInt64 = 40543) -> UInt64 {
    let product = factor &* UInt64(tag.word)
    return product ^ (product &>> 32)
  }

  /// The row at which the search for a tag starts.
  @inline(__always) private mutating func trackerHash(_ tag: PoolTag) -> UInt64 {
    let factor: UInt64 = mutant == .trackerHashConstant ? 40541 : 40543
    return Self.tagHash(tag, factor: factor) & variables.pointee.trackerMask & 0xFFFF_FFFF
  }

  @inline(__always) private mutating func row(_ index: UInt64) -> Address {
    variables.pointee.trackerTable &+ index &* profile.trackerRowBytes
  }

  /// The tag of a row, read where it lies once that is known: a full table is gone through as a whole
  /// for each request of a tag without a row.
  @inline(__always) private mutating func key(ofRow index: UInt64) throws(Halt) -> UInt32 {
    guard tagRows.mask != 0 else { return try memory.load32(row(index)) }
    return tagRows.host.word32(Int(truncatingIfNeeded: index &* profile.trackerRowBytes))
  }

  /// Where the search for a tag may go on that begins at `start`: at the first row that has the tag
  /// or, where `orEmpty`, is empty; where no row is like that, at the last one that is asked.
  @inline(__always)
  private mutating func skip(_ start: UInt64, to key: UInt32, orEmpty: Bool) -> UInt64 {
    guard tagRows.mask != 0, mutant == .none else { return start }
    let (host, mask) = (tagRows.host, tagRows.mask)
    let stride = Int(truncatingIfNeeded: profile.trackerRowBytes)
    /// The first such row of those from one up to another, or where they end.
    @inline(__always) func first(_ from: UInt64, _ to: UInt64) -> UInt64 {
      var row = host + Int(truncatingIfNeeded: from) &* stride
      let end = host + Int(truncatingIfNeeded: to) &* stride
      while row != end {
        let found = row.word32()
        if found == key || (orEmpty && found == 0) { break }
        row += stride
      }
      return UInt64(truncatingIfNeeded: (row - host) / stride)
    }
    let found = first(start, mask &+ 1)
    if found <= mask { return found }
    return start == 0 ? mask : first(0, start &- 1)
  }

  /// Books an allocation of `bytes` under `tag`.
  mutating func track(_ tag: PoolTag, bytes: UInt64, type: PoolType) throws(Halt) {
    let key = tag.unprotected
    let start = trackerHash(key)
    var index = skip(start, to: key.word, orEmpty: true)
    repeat {
      let found = try self.key(ofRow: index)
      if found == key.word {
        let isPaged = type.isPaged && mutant != .trackerPagedAsNonPaged
        return try countTracked(row(index), bytes, columns(paged: isPaged))
      }
      if found == 0 || (mutant == .trackerProbesShort && index != start),
        index != variables.pointee.trackerRows &- 1
      {
        try memory.store32(row(index), key.word)
        continue
      }
      index = (index &+ 1) & variables.pointee.trackerMask
      if index == start { break }
    } while true
    guard profile.trackerOverflow == .lastSlot else { return }
    let last = row(variables.pointee.trackerRows - 1)
    try memory.store32(last, PoolTag("Ovfl").word)
    try countTracked(last, bytes, columns(paged: type.isPaged))
  }

  private mutating func countTracked(
    _ address: Address, _ bytes: UInt64, _ columns: Columns
  ) throws(Halt) {
    try memory.add32(address &+ columns.allocations, 1)
    let isCut = mutant == .trackerBytesCut && bytes > 0x10000
    try memory.addPointer(address &+ columns.bytes, isCut ? bytes & 0xFFFF : bytes)
  }

  /// Books a free of `bytes` under `tag`. An unknown tag is let pass.
  mutating func untrack(_ tag: PoolTag, bytes: UInt64, type: PoolType) throws(Halt) {
    let key = tag.unprotected
    let start = trackerHash(key)
    var index = skip(start, to: key.word, orEmpty: false)
    repeat {
      if try self.key(ofRow: index) == key.word {
        let address = row(index)
        let columns = columns(paged: type.isPaged)
        if mutant != .trackerFreeNotCounted { try memory.add32(address &+ columns.frees, 1) }
        return try memory.addPointer(address &+ columns.bytes, 0 &- bytes)
      }
      index = (index &+ 1) & variables.pointee.trackerMask
    } while index != start
    guard profile.trackerOverflow == .lastSlot else { return }
    let last = row(variables.pointee.trackerRows - 1)
    guard try memory.load32(last) != 0 else { return }
    let columns = columns(paged: type.isPaged)
    try memory.add32(last &+ columns.frees, 1)
    try memory.addPointer(last &+ columns.bytes, 0 &- bytes)
  }

  /// Empties the table and gives the tags that the system uses most the rows they hash to.
  mutating func seedTracker() throws(Halt) {
    let mask = variables.pointee.trackerMask
    for tag in KernelPool.hotTags {
      var index = trackerHash(tag)
      var probes: UInt64 = 0
      while try memory.load32(row(index)) != 0, probes <= mask {
        index = (index &+ 1) & mask
        probes += 1
      }
      if probes <= mask { try memory.store32(row(index), tag.word) }
    }
  }
}

extension SmallBlocks {
  /// Offsets of the counters of nonpaged pool in a row of the tag table.
  @inline(__always)
  private var tagColumns: (allocations: Int, frees: Int, bytes: UInt64) {
    (0x4, 0x8, Layout.isWide(pool) ? 0x10 : 0xC)
  }

  /// The row that a tag hashes to, where it is the tag's own, which it nearly always is.
  @inline(__always) private func firstRow(_ key: PoolTag) -> UnsafeMutableRawPointer? {
    let table = pool.pointee.tagRows
    let index = PoolState.tagHash(key) & table.mask
    let row = table.host + Int(truncatingIfNeeded: index &* pool.pointee.profile.trackerRowBytes)
    return row.word32() == key.word ? row : nil
  }

  /// Counts in a row of the tag table.
  @inline(__always)
  private func count(_ row: UnsafeMutableRawPointer, _ column: Int, _ bytes: UInt64) {
    let table = pool.pointee.tagRows
    note(
      table.address &+ UInt64(truncatingIfNeeded: row - table.host),
      pool.pointee.profile.trackerRowBytes)
    row.store32(row.word32(column) &+ 1, column)
    store(pointer(row, tagColumns.bytes) &+ bytes, row, tagColumns.bytes)
  }

  /// Books an allocation of `bytes` under `tag`.
  @inline(__always) func track(_ tag: PoolTag, bytes: UInt64, _ type: PoolType) throws(Halt) {
    guard !Mode.plantsBugs, !type.isPaged, let row = firstRow(tag.unprotected) else {
      return try pool.pointee.track(tag, bytes: bytes, type: type)
    }
    count(row, tagColumns.allocations, bytes)
  }

  /// Books a free of `bytes` under `tag`.
  @inline(__always) func untrack(_ tag: PoolTag, bytes: UInt64, _ type: PoolType) throws(Halt) {
    guard !Mode.plantsBugs, !type.isPaged, let row = firstRow(tag.unprotected) else {
      return try pool.pointee.untrack(tag, bytes: bytes, type: type)
    }
    count(row, tagColumns.frees, 0 &- bytes)
  }
}

extension KernelPool {
  /// The tags that are entered at start, in the order of their entry (ReactOS
  /// `ExpSeedHotTags`).
  public static let hotTags: [PoolTag] = [
    PoolTag("Io"), PoolTag("Hal"), PoolTag("MdlP"), PoolTag("PooL"), PoolTag("ObSt"),
    PoolTag("Irp"), PoolTag("NDdb"), PoolTag("IrpL"), PoolTag("IoOp"), PoolTag("Mdl"),
    PoolTag("File"), PoolTag("CMVa"), PoolTag("SeSd"), PoolTag("NtFC"), PoolTag("Pool"),
    PoolTag("TCPr"), PoolTag("CMNb"), PoolTag("SeTd"), PoolTag("NtFs"), PoolTag("TCPT"),
    PoolTag("TCPC"), PoolTag("Key"), PoolTag("ObSq"), PoolTag("IoNm"), PoolTag("IoEa"),
    PoolTag("TCPc"), PoolTag("NtFa"), PoolTag("Ntf0"), PoolTag("Sect"), PoolTag("IrpS"),
    PoolTag("Toke"), PoolTag("Se"), PoolTag("ObCl"), PoolTag("CcSc"), PoolTag("NtFl"),
    PoolTag("SeAc"), PoolTag("FSfm"), PoolTag("CcWk"), PoolTag("FSim"), PoolTag("AfdC"),
    PoolTag("AfdE"), PoolTag("FSro"), PoolTag("Ntfn"), PoolTag("UIRP"), PoolTag("NpFr"),
    PoolTag("NpFR"), PoolTag("SePa"), PoolTag("SeUs"), PoolTag("AcpF"), PoolTag("AcpM"),
    PoolTag("SeSc"), PoolTag("ObNm"), PoolTag("NpFs"), PoolTag("SeLu"), PoolTag("ScPD"),
    PoolTag("Even"), PoolTag("Rqrv"), PoolTag("Vadl"), PoolTag("Pp"), PoolTag("VadS"),
    PoolTag("Vad"), PoolTag("VadL"), PoolTag("VadF"), PoolTag("BIG"),
  ]
}
