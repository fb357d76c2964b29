import CrashDumps
import KernelPool

/// Brings pages of a dump into an image, and the marks of their frames.
struct PageLoader<Source: DumpSource> {
  let image: PoolImage
  let space: AddressSpace<Source>
  /// The ranges, and where the model keeps their marks, 0 where nobody does.
  let ranges: [(range: PoolImage.Range, marks: UInt64)]

  /// The most links of all chains together that are followed.
  private static var mostLinks: Int { 1 << 22 }

  // MARK: Marks

  /// The marks that the model has written, a byte a page.
  func markAsWritten() {
    for (range, place) in ranges where range.hasFrames && place != 0 {
      let pages = Int(range.byteCount >> 12)
      for first in stride(from: 0, to: pages, by: 0x1000) {
        let marks = space.bytes(at: place &+ UInt64(first), most: min(0x1000, pages - first))
        for (index, byte) in marks.enumerated() where byte != 0 {
          image.mark(range.base + UInt64(first + index) << 12, PageMarks(rawValue: byte))
        }
      }
    }
  }

  func mark(_ runs: [PoolScan.Run]) {
    for run in runs {
      for page in 0..<run.pages { image.mark(run.address + page << 12, .smallBlocks) }
    }
  }

  // MARK: Bytes

  /// Brings the page of an address in; false where the dump does not have it or no range covers it.
  @discardableResult func load(_ address: Address) -> Bool {
    let page = address & ~0xFFF
    guard image.covers(page) else { return false }
    if image.has(page) { return true }
    let bytes = space.bytes(at: page, most: 0x1000)
    guard bytes.count == 0x1000 else { return false }
    put(bytes, at: page)
    return true
  }

  private func put(_ bytes: [UInt8], at address: Address) {
    bytes.withUnsafeBytes { all in
      for offset in stride(from: 0, to: all.count, by: 0x1000) {
        let page = address + UInt64(offset)
        let marks = image.view.marks(ofPageAt: page) ?? []
        image.put(.init(rebasing: all[offset..<offset + 0x1000]), at: page, marks: marks)
      }
    }
  }

  /// Brings pages in from an address on, to the first that is not there.
  func load(_ address: Address, bytes: UInt64) {
    guard bytes > 0, bytes < 1 << 32, address <= .max - bytes else { return }
    for page in stride(from: address & ~0xFFF, to: address + bytes, by: 0x1000) {
      guard load(page) else { return }
    }
  }

  /// Brings in all pages of all ranges; false where they are more than so many bytes.
  func loadAll(most limit: UInt64, progress: (UInt64) -> Void) -> Bool {
    var loaded: UInt64 = 0
    var budget = MappingBudget(pages: space.memory.pageCount)
    for (range, _) in ranges {
      space.forEachRun(in: range.base...range.base + (range.byteCount - 1), &budget) { run in
        var done: UInt64 = 0
        while done < run.pageCount, loaded <= limit {
          let most = Int(min(64, run.pageCount - done))
          let pages = space.memory.pages(from: run.physical >> 12 + done, most: most)
          if !pages.isEmpty { put(pages, at: run.address + done << 12) }
          done += max(1, UInt64(pages.count >> 12))
          loaded += UInt64(pages.count)
          progress(UInt64(pages.count >> 12))
        }
      }
    }
    return loaded <= limit
  }

  // MARK: Roots

  /// The tables, the descriptors, and what the lists of parked blocks and kept pages lead to.
  func loadRoots() {
    let view = image.view
    let (profile, variables) = (view.profile, view.variables)
    load(variables.trackerTable, bytes: rowBytes(variables.trackerRows, profile.trackerRowBytes))
    load(variables.bigTable, bytes: rowBytes(variables.bigTableEntries, profile.bigEntryBytes))
    for root in view.descriptors { load(root.address, bytes: profile.descriptor.bytesWithLock) }
    var seen: Set<Address> = []
    for list in image.lookasides where list.top != 0 { follow(list.top, &seen) }
    let kept = variables.singlePageLists
    for list in [kept.nonPaged.0, kept.nonPaged.1, kept.nonPaged.2, kept.paged, kept.session] {
      follow(list.top, &seen)
    }
    guard profile.deferredFrees else { return }
    for root in view.descriptors {
      follow(view.pointer(root.address &+ profile.descriptor.pendingFrees) ?? 0, &seen)
    }
  }

  /// Bytes of a table; 0 where it is longer than any.
  private func rowBytes(_ rows: UInt64, _ bytesEach: UInt64) -> UInt64 {
    rows < 1 << 25 ? rows * bytesEach : 0
  }

  private func follow(_ first: Address, _ seen: inout Set<Address>) {
    var next = first
    while next != 0, seen.count < Self.mostLinks, seen.insert(next).inserted, load(next) {
      load(next &+ 7)
      guard let link = image.view.pointer(next) else { return }
      next = link
    }
  }
}
