import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView

/// The keys of the tag table's rows as they were last seen, and what tags hold besides callers'
/// allocations.
struct RowCache: ~Copyable {
  /// Rows by tag, as `TouchedThings.key` makes them.
  var rowOfTag = AddressIndex()
  /// Keys by row.
  var keys = FlatArray<UInt32>()
  /// Rows without a key.
  var emptyRows = 0
  /// What the walks found and the operations did not book: the kernel's own.
  var kernels = TagTally()
  /// Where the shadow state has the sums of each row's tag.
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
  /// The sums of tags without a row.
  var rowless = Rowless()

  /// Where the shadow state has the sums of the tags that share the extra row. Only a full table has
  /// such tags, and its rows keep their keys, so that they are looked for when a tag comes to be.
  struct Rowless: ~Copyable {
    var nonPaged = FlatArray<Int32>()
    var paged = FlatArray<Int32>()
    /// What the kernel's own come to.
    var kernels = (nonPaged: TagTally.Sum(), paged: TagTally.Sum())
    /// How many sums there were when they were looked for.
    var sums: Int32 = -1
    /// The last check that looked at the row.
    var check: UInt32 = 0
  }

  init() {}
}

extension IncrementalAudit {
  /// Checks the rows that were stored to, and those of the tags that operations booked.
  mutating func auditRows(_ view: PoolView) {
    rows.check &+= 1
    for index in 0..<touched.rows.count where fallback == nil {
      updateRow(view, touched.rows[index])
    }
    var last: Address = 0
    for index in 0..<touched.tags.count where fallback == nil {
      let key = touched.tags[index]
      if key == last { continue }
      last = key
      auditTag(view, PoolTag(word: UInt32(truncatingIfNeeded: key)))
    }
  }

  private mutating func updateRow(_ view: PoolView, _ row: UInt64) {
    // The extra last row has no key of its own.
    guard row <= view.variables.trackerMask else {
      if rows.emptyRows == 0 { auditShared(view) }
      return
    }
    guard let table = rowHost else { return fallBack() }
    let key = table.loadUnaligned(
      fromByteOffset: Int(row &* facts.profile.trackerRowBytes), as: UInt32.self)
    let old = rows.keys[Int(row)]
    if key != old {
      let tag = PoolTag(word: key)
      guard old == 0, !tag.isProtected, rows.rowOfTag[DirtySet.key(tag)] == nil,
        complete.trackerRow(view, of: tag) == row
      else { return fallBack() }
      rows.rowOfTag.set(DirtySet.key(tag), UInt32(truncatingIfNeeded: row))
      rows.keys[Int(row)] = key
      rows.emptyRows -= 1
      if rows.emptyRows == 0 { return fallBack(.unusual) }
    }
    if key != 0 { auditRow(view, PoolTag(word: key), row) }
  }

  private mutating func auditTag(_ view: PoolView, _ tag: PoolTag) {
    guard tag.word != 0 else { return auditRowOfZero(view) }
    if let row = rows.rowOfTag[DirtySet.key(tag)] {
      return auditRow(view, tag, UInt64(row))
    }
    if rows.emptyRows == 0 { return auditShared(view) }
    let sum = expected(tag, isPaged: false)
    let paged = expected(tag, isPaged: true)
    if sum != TagTally.Sum() || paged != TagTally.Sum() { fallBack() }
  }

  /// A tag of zero counts in the first empty row, and only shows where there is none.
  private mutating func auditRowOfZero(_ view: PoolView) {
    if rows.emptyRows == 0 { auditShared(view) }
  }

  // These change nothing, and are `mutating` all the same: else each call copies the whole audit.

  private mutating func expected(_ tag: PoolTag, isPaged: Bool) -> TagTally.Sum {
    complete.shadow.tags[tag, isPaged: isPaged] + rows.kernels[tag, isPaged: isPaged]
      + complete.shadow.drift(of: tag, isPaged: isPaged)
  }

  private mutating func auditRow(_ view: PoolView, _ tag: PoolTag, _ row: UInt64) {
    guard let table = rowHost else { return fallBack() }
    let places = rows.places.place(Int(row))
    guard places.pointee.check != rows.check else { return }
    places.pointee.check = rows.check
    let host = table + Int(row &* facts.profile.trackerRowBytes)
    if !complete.shadow.hasDrift, !places.pointee.hasKernels {
      if places.pointee.sums != Int32(complete.shadow.tags.count) { findPlaces(tag, places) }
      if !shows(host, isPaged: false, complete.shadow.tags.sum(at: Int(places.pointee.nonPaged)))
        || !shows(host, isPaged: true, complete.shadow.tags.sum(at: Int(places.pointee.paged)))
      {
        fallBack()
      }
      return
    }
    auditColumns(host, tag, row, isPaged: false)
    auditColumns(host, tag, row, isPaged: true)
  }

  private mutating func findPlaces(_ tag: PoolTag, _ places: UnsafeMutablePointer<RowCache.Places>)
  {
    let tags = complete.shadow.tags
    places.pointee.sums = Int32(tags.count)
    if let place = tags.place(of: tag, isPaged: false) { places.pointee.nonPaged = Int32(place) }
    if let place = tags.place(of: tag, isPaged: true) { places.pointee.paged = Int32(place) }
  }

  private mutating func auditColumns(
    _ host: UnsafeRawPointer, _ tag: PoolTag, _ row: UInt64, isPaged: Bool
  ) {
    let sum =
      expected(tag, isPaged: isPaged) + complete.shadow.drift(ofRow: row, isPaged: isPaged)
    if !shows(host, isPaged: isPaged, sum) { fallBack() }
  }

  @inline(__always) private func shows(_ host: UnsafeRawPointer, isPaged: Bool, _ sum: TagTally.Sum)
    -> Bool
  {
    facts.sum(inRow: host, isPaged: isPaged) == facts.counted(sum)
  }

  /// Tags without a row share the extra one where the version has it so.
  private mutating func auditShared(_ view: PoolView) {
    guard facts.profile.trackerOverflow == .lastSlot, rows.rowless.check != rows.check
    else { return }
    rows.rowless.check = rows.check
    let last = view.variables.trackerRows &- 1
    guard let table = rowHost else { return fallBack() }
    let host = table + Int(last &* facts.profile.trackerRowBytes)
    if rows.rowless.sums != Int32(complete.shadow.tags.count) { findRowless() }
    for isPaged in [false, true] {
      if !shows(host, isPaged: isPaged, shared(last, isPaged: isPaged)) { fallBack() }
    }
  }

  /// What the extra row should say of the tags without a row of their own.
  private mutating func shared(_ row: UInt64, isPaged: Bool) -> TagTally.Sum {
    var sum = complete.shadow.drift(ofRow: row, isPaged: isPaged)
    let count = isPaged ? rows.rowless.paged.count : rows.rowless.nonPaged.count
    for index in 0..<count {
      let place = isPaged ? rows.rowless.paged[index] : rows.rowless.nonPaged[index]
      sum = sum + complete.shadow.tags.sum(at: Int(place))
    }
    if !complete.shadow.tagDrift.isEmpty {
      let (drift, rowOfTag) = (complete.shadow.tagDrift, rows.rowOfTag)
      drift.forEach { tag, isOther, part in
        if isOther == isPaged, Self.isRowless(tag, rowOfTag) { sum = sum + part }
      }
    }
    return sum + (isPaged ? rows.rowless.kernels.paged : rows.rowless.kernels.nonPaged)
  }

  private static func isRowless(_ tag: PoolTag, _ rowOfTag: AddressIndex) -> Bool {
    tag.word != 0 && rowOfTag[DirtySet.key(tag)] == nil
  }

  /// Looks at the tags that came since the last time: a full table's rows keep their keys.
  @inline(never) private mutating func findRowless() {
    let known = Int(rows.rowless.sums)
    let (tags, rowOfTag) = (complete.shadow.tags, rows.rowOfTag)
    rows.rowless.sums = Int32(tags.count)
    if known < 0 { findRowlessOfKernel(rowOfTag) }
    for place in max(known, 0)..<tags.count {
      let (tag, isPaged) = tags.tag(at: place)
      guard Self.isRowless(tag, rowOfTag) else { continue }
      if isPaged {
        rows.rowless.paged.append(Int32(place))
      } else {
        rows.rowless.nonPaged.append(Int32(place))
      }
    }
  }

  private mutating func findRowlessOfKernel(_ rowOfTag: AddressIndex) {
    var ofKernel = (nonPaged: TagTally.Sum(), paged: TagTally.Sum())
    let kernels = rows.kernels
    kernels.forEach { tag, isPaged, part in
      guard Self.isRowless(tag, rowOfTag) else { return }
      if isPaged {
        ofKernel.paged = ofKernel.paged + part
      } else {
        ofKernel.nonPaged = ofKernel.nonPaged + part
      }
    }
    rows.rowless.kernels = ofKernel
  }
}

// Equalities between the cache and what the kernel counts.

extension IncrementalAudit {
  /// Checks the counters of the descriptors that were touched.
  mutating func auditCounters(_ view: PoolView) {
    var left = touched.descriptors
    while left != 0 {
      let descriptor = left.trailingZeroBitCount
      left &= left &- 1
      guard descriptor < tallies.count else { break }
      auditDescriptor(descriptor)
      touched.kinds |= 1 &<< UInt64(descriptors.place(descriptor).pointee.kind.rawValue)
    }
    var kinds = touched.kinds & (1 &<< UInt64(waiting.hits.count) &- 1)
    while kinds != 0 {
      if let kind = PoolKind(rawValue: UInt8(kinds.trailingZeroBitCount)) { auditServed(kind) }
      kinds &= kinds &- 1
    }
  }

  /// Checks every sum.
  mutating func auditSums(_ view: PoolView, _ live: LiveAllocations) {
    guard blocksInUse &- liveBlocks == waiting.count,
      liveBlocks &+ large.liveCount &+ outside.count == live.count
    else { return fallBack(.sums) }
    let variables = view.variables
    guard variables.bigTableInUse == large.entryCount,
      variables.expansionUsed == UInt64(mappedExpansion),
      variables.chargedBytes.nonPaged == charged.nonPaged,
      variables.chargedBytes.paged == charged.paged,
      variables.pagedBitmap.hint <= variables.pagedBitmap.pages,
      variables.pagedBitmap.openPages <= variables.pagedBitmap.pages,
      variables.sessionBitmap.hint <= variables.sessionBitmap.pages,
      variables.sessionBitmap.openPages <= variables.sessionBitmap.pages,
      variables.nonPagedBitmap.hint <= variables.nonPagedBitmap.pages,
      variables.nonPagedBitmap.openPages <= variables.nonPagedBitmap.pages
    else { return fallBack(.sums) }
  }

  private mutating func auditDescriptor(_ number: Int) {
    let layout = facts.profile.descriptor
    let tally = tallies.place(number).pointee
    let host = descriptors.place(number).pointee.host
    func counter(_ offset: UInt64) -> UInt32 {
      host.loadUnaligned(fromByteOffset: Int(offset), as: UInt32.self)
    }
    let drift = complete.shadow.drift[number]
    let outstanding =
      counter(layout.runningAllocations) &- counter(layout.runningFrees)
    guard UInt64(counter(layout.totalPages)) == tally.pages & 0xFFFF_FFFF,
      UInt64(counter(layout.totalBigPages)) == (tally.largePages &+ drift.largePages) & 0xFFFF_FFFF,
      UInt64(outstanding) == (tally.blocksInUse &+ tally.large &+ drift.outstanding) & 0xFFFF_FFFF
    else { return fallBack() }
    guard let offset = layout.totalBytes else { return }
    let expected = tally.unitsInUse &<< facts.unitShift &+ tally.largeBytes &+ drift.bytes
    if facts.pointer(host, offset) != expected & facts.wordMask { fallBack() }
  }

  private mutating func auditServed(_ kind: PoolKind) {
    var counted = waiting.hits[Int(kind.rawValue)]
    var hasDescriptor = false
    let offset = Int(facts.profile.descriptor.runningAllocations)
    for number in 0..<tallies.count where descriptors.place(number).pointee.kind == kind {
      hasDescriptor = true
      counted &+= descriptors.place(number).pointee.host.loadUnaligned(
        fromByteOffset: offset, as: UInt32.self)
    }
    guard hasDescriptor else { return }
    if complete.shadow.served(kind) & 0xFFFF_FFFF != UInt64(counted) { fallBack() }
  }
}
