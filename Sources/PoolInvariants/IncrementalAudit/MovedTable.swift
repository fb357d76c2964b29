import typealias KernelPool.Address
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct PoolWalk.BigPageEntry
import enum PoolWalk.KernelTable

// Versions that resize their table of large allocations put it elsewhere, some of them several times
// in a short trace. Everything else stays where it is, so that this table alone is followed: its pages
// change hands, and its entries their places.

extension IncrementalAudit {
  /// Follows the big-page table to where it is now. Where something else has moved, everything is
  /// walked.
  mutating func followBigTable(_ view: PoolView) {
    let bytes = roots.bigTableEntries &* facts.profile.bigEntryBytes
    let old = (address: roots.bigTable, bytes: bytes)
    roots = roots.withBigTable(of: view)
    guard roots.hold(in: view) else { return fallBack(.movedTable) }
    let new = KernelTable.bigPages.extent(in: view)
    var kernels = TagTally.Sum()
    if spaces.page(of: old.address) != nil {
      guard let page = pages(of: old.address, facts.pages(old.bytes)) else { return fallBack() }
      release(page, Int(facts.pages(old.bytes)))
      kernels.allocations &-= 1
      kernels.bytes &-= facts.pageRounded(old.bytes)
    }
    if spaces.page(of: new.address) != nil {
      let count = facts.pages(new.byteCount)
      guard let page = pages(of: new.address, count) else { return fallBack() }
      claim(page, Int(count), PageOwner(.bigPages))
      kernels.allocations &+= 1
      kernels.bytes &+= facts.pageRounded(new.byteCount)
    }
    countKernels(kernels)
    findEntries(view)
    specials = SpecialRanges()
    addSpecials(view)
  }

  /// Adds to what the kernel's own tables come to.
  private mutating func countKernels(_ sum: TagTally.Sum) {
    rows.kernels.add(.pool, isPaged: false, bytes: sum.bytes, count: sum.allocations)
    let key = DirtySet.key(.pool)
    touched.tags.append(key)
    if let row = rows.rowOfTag[key] {
      rows.places.place(Int(row)).pointee.hasKernels = true
    } else if rows.rowless.sums >= 0 {
      rows.rowless.kernels.nonPaged = rows.rowless.kernels.nonPaged + sum
    }
  }

  /// Finds the entries of the known allocations in the table as it is now. What is new there is read
  /// like any changed entry; what is not there any more is gone.
  private mutating func findEntries(_ view: PoolView) {
    large.forgetPlaces()
    var place = roots.bigTable
    for _ in 0..<Int(roots.bigTableEntries) {
      defer { place &+= facts.profile.bigEntryBytes }
      guard let entry = BigPageEntry(view, at: place) else { continue }
      if let number = large.number(at: entry.address) {
        let claim = large.claims[number]
        if claim.place == LargeCache.Claim.lostPlace, claim.tag == entry.tag.word,
          claim.type == entry.type, claim.size == entry.size
        {
          large.setPlace(place, of: number)
          continue
        }
      }
      touched.entries.append(place)
    }
    for number in 0..<large.claims.count
    where large.claims[number].address != 0
      && large.claims[number].place == LargeCache.Claim.lostPlace
    {
      large.place(number).pointee.place = 0
      removeLarge(number)
    }
  }
}
