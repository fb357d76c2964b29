import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import typealias KernelPool.Address

/// The keys of the tag table's rows as they were last seen, and what tags hold besides callers'
/// allocations.
struct RowBooks: ~Copyable {
  /// Rows by tag, as `TouchedThings.key` makes them.
  var rowOfTag = AddressIndex()
  /// Keys by row.
  var keys = FlatArray<UInt32>()
  /// Rows without a key.
  var emptyRows = 0
  /// What the walks found and the operations did not book: the kernel's own.
  var kernels = TagTally()
  /// Where the books of the operations have the sums of each row's tag.
  var places = FlatArray<Places>()

  /// Places of a tag's sums, nonpaged and paged; -1 where they are not known.
  struct Places: BitwiseCopyable {
    var nonPaged: Int32 = -1
    var paged: Int32 = -1
    /// How many sums there were when they were looked up: a tag may get its sum later.
    var sums: Int32 = -1
    /// The kernel has allocations under the tag too.
    var hasKernels = false
    /// The last check that looked at the row.
    var check: UInt32 = 0
  }

  /// Checks so far, so that a row is looked at once in each.
  var check: UInt32 = 0

  init() {}
}

extension IncrementalAudit {
  /// Checks the rows that were stored to, and those of the tags that operations booked.
  mutating func auditRows(_ view: PoolView) {
    rows.check &+= 1
    for index in 0..<touched.rows.count where doubt == nil {
      followRow(view, touched.rows[index])
    }
    var last: Address = 0
    for index in 0..<touched.tags.count where doubt == nil {
      let key = touched.tags[index]
      if key == last { continue }
      last = key
      auditTag(view, PoolTag(word: UInt32(truncatingIfNeeded: key)))
    }
  }

  private mutating func followRow(_ view: PoolView, _ row: UInt64) {
    // The extra last row has no key of its own.
    guard row <= view.variables.trackerMask else {
      if rows.emptyRows == 0 { auditShared(view) }
      return
    }
    guard let table = rowHost else { return suspect() }
    let key = table.loadUnaligned(
      fromByteOffset: Int(row &* facts.profile.trackerRowBytes), as: UInt32.self)
    let old = rows.keys[Int(row)]
    if key != old {
      let tag = PoolTag(word: key)
      guard old == 0, !tag.isProtected, rows.rowOfTag[TouchedThings.key(tag)] == nil,
        complete.trackerRow(view, of: tag) == row
      else { return suspect() }
      rows.rowOfTag.set(TouchedThings.key(tag), UInt32(truncatingIfNeeded: row))
      rows.keys[Int(row)] = key
      rows.emptyRows -= 1
      if rows.emptyRows == 0 { return suspect(.unusual) }
    }
    if key != 0 { auditRow(view, PoolTag(word: key), row) }
  }

  private mutating func auditTag(_ view: PoolView, _ tag: PoolTag) {
    guard tag.word != 0 else { return auditRowOfZero(view) }
    if let row = rows.rowOfTag[TouchedThings.key(tag)] {
      return auditRow(view, tag, UInt64(row))
    }
    if rows.emptyRows == 0 { return auditShared(view) }
    let sum = expected(tag, isPaged: false)
    let paged = expected(tag, isPaged: true)
    if sum != TagTally.Sum() || paged != TagTally.Sum() { suspect() }
  }

  /// A tag of zero counts in the first empty row, and only shows where there is none.
  private mutating func auditRowOfZero(_ view: PoolView) {
    if rows.emptyRows == 0 { auditShared(view) }
  }

  private func expected(_ tag: PoolTag, isPaged: Bool) -> TagTally.Sum {
    var sum = complete.books.tags[tag, isPaged: isPaged]
    let kernels = rows.kernels[tag, isPaged: isPaged]
    sum.allocations &+= kernels.allocations
    sum.bytes &+= kernels.bytes
    guard !complete.books.tagDrift.isEmpty else { return sum }
    let drift = complete.books.tagDrift[tag, isPaged: isPaged]
    sum.allocations &+= drift.allocations
    sum.bytes &+= drift.bytes
    return sum
  }

  private mutating func auditRow(_ view: PoolView, _ tag: PoolTag, _ row: UInt64) {
    guard let table = rowHost else { return suspect() }
    let places = rows.places.place(Int(row))
    guard places.pointee.check != rows.check else { return }
    places.pointee.check = rows.check
    let host = table + Int(row &* facts.profile.trackerRowBytes)
    if !complete.books.hasDrift, !places.pointee.hasKernels {
      if places.pointee.sums != Int32(complete.books.tags.count) { findPlaces(tag, places) }
      if !shows(host, isPaged: false, complete.books.tags.sum(at: Int(places.pointee.nonPaged)))
        || !shows(host, isPaged: true, complete.books.tags.sum(at: Int(places.pointee.paged)))
      {
        suspect()
      }
      return
    }
    auditColumns(host, tag, row, isPaged: false)
    auditColumns(host, tag, row, isPaged: true)
  }

  private func findPlaces(_ tag: PoolTag, _ places: UnsafeMutablePointer<RowBooks.Places>) {
    let tags = complete.books.tags
    places.pointee.sums = Int32(tags.count)
    if let place = tags.place(of: tag, isPaged: false) { places.pointee.nonPaged = Int32(place) }
    if let place = tags.place(of: tag, isPaged: true) { places.pointee.paged = Int32(place) }
  }

  private mutating func auditColumns(
    _ host: UnsafeRawPointer, _ tag: PoolTag, _ row: UInt64, isPaged: Bool
  ) {
    var sum = expected(tag, isPaged: isPaged)
    if !complete.books.rowDrift.isEmpty {
      let inherited = complete.books.rowDrift[
        PoolTag(word: UInt32(truncatingIfNeeded: row)), isPaged: isPaged]
      sum.allocations &+= inherited.allocations
      sum.bytes &+= inherited.bytes
    }
    if !shows(host, isPaged: isPaged, sum) { suspect() }
  }

  @inline(__always) private func shows(_ host: UnsafeRawPointer, isPaged: Bool, _ sum: TagTally.Sum)
    -> Bool
  {
    let columns = isPaged ? constants.pagedColumns : constants.nonPagedColumns
    let allocations = host.loadUnaligned(
      fromByteOffset: Int(columns.allocations), as: UInt32.self)
    let frees = host.loadUnaligned(fromByteOffset: Int(columns.frees), as: UInt32.self)
    return UInt64(allocations &- frees) == sum.allocations & 0xFFFF_FFFF
      && constants.pointer(host, columns.bytes) == sum.bytes & facts.wordMask
  }

  /// Tags without a row share the extra one where the version has it so. Only a table without an
  /// empty row has such tags, so that walking all tags is no matter.
  private mutating func auditShared(_ view: PoolView) {
    guard facts.profile.trackerOverflow == .lastSlot else { return }
    let last = view.variables.trackerRows &- 1
    guard
      let host = view.bytes(
        at: complete.rowAddress(view, last), count: facts.profile.trackerRowBytes)
    else { return suspect() }
    for isPaged in [false, true] {
      var sum = complete.books.rowDrift[
        PoolTag(word: UInt32(truncatingIfNeeded: last)), isPaged: isPaged]
      func add(_ tag: PoolTag, _ isOther: Bool, _ part: TagTally.Sum) {
        guard isOther == isPaged, tag.word != 0, rows.rowOfTag[TouchedThings.key(tag)] == nil
        else { return }
        sum.allocations &+= part.allocations
        sum.bytes &+= part.bytes
      }
      complete.books.tags.forEach(add)
      rows.kernels.forEach(add)
      complete.books.tagDrift.forEach(add)
      if !shows(host, isPaged: isPaged, sum) { suspect() }
    }
  }
}
