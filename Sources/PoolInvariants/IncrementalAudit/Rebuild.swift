import typealias KernelPool.Address
import enum KernelPool.PoolKind
import struct KernelPool.PoolTag
import struct KernelPool.PoolView
import struct PoolWalk.BigPageEntry
import enum PoolWalk.KernelTable
import struct PoolWalk.RingWalk

// The cache is made from a state that the complete audit has just found sound: everything is
// claimed and examined as if it had come in one operation. In the end the sums must come out even.

extension IncrementalAudit {
  /// Makes the cache anew.
  mutating func rebuild(_ view: PoolView, _ live: LiveAllocations) {
    isRebuilding = true
    defer { isRebuilding = false }
    empty(view)
    addHeads()
    addRuns(view)
    touched.hasSinglePages = true
    updateSinglePages(view)
    claimTables(view)
    claimSmallPages(view)
    addLarge(view, live)
    for index in 0..<view.lookasideCount {
      // Most of hundreds were never used, and an empty cache knows such a list already.
      let list = view.lookaside(at: index)
      if list.top == 0, UInt32(list.count) | list.allocateHits | list.freeHits == 0 { continue }
      updateLookaside(view, index)
    }
    touched.pending = (1 &<< UInt64(tallies.count)) &- 1
    updateDeferred(view)
    settlePages(view, live)
    live.forEach { address, _ in
      if spaces.page(of: address) == nil { updateOutside(view, live, address) }
    }
    if !lists.renumber() || !runs.renumber() { fallBack() }
    addMaps(view)
    addRows(view)
    addSpecials(view)
    seenChanges = live.changeCount
    touched.descriptors = (1 &<< UInt64(tallies.count)) &- 1
    touched.kinds = .max
    if fallback == nil { auditCounters(view) }
    if fallback == nil { auditSums(view, live) }
    settleLarge()
  }

  private mutating func empty(_ view: PoolView) {
    touched.removeAll()
    records = PageRecords(pages: spaces.count, unitsPerPage: facts.unitsPerPage)
    owners = FlatArray(repeating: 0, count: spaces.count)
    lists = ListMirror()
    runs = ListMirror(discovers: true)
    waiting = WaitingCache()
    waiting.lists = FlatArray(
      repeating: WaitingCache.List(), count: view.lookasideCount + view.descriptors.count)
    waiting.hits = FlatArray(repeating: 0, count: PoolKind.allCases.count)
    large = LargeCache()
    singles = SinglePageCache()
    maps = MapCache()
    rows = RowCache()
    rows.rowOfTag = AddressIndex(capacity: 128)
    specials = SpecialRanges()
    tallies = FlatArray(repeating: DescriptorTally(), count: view.descriptors.count)
    blocksInUse = 0
    liveBlocks = 0
    charged = (0, 0)
    mappedExpansion = 0
    outside = OutsideCache()
    roots = IncrementalRoots(view)
    addHosts(view)
  }

  /// Structures that are always mapped are read where they lie.
  private mutating func addHosts(_ view: PoolView) {
    descriptors.removeAll()
    for root in view.descriptors {
      let bytes = facts.profile.descriptor.listHeads &+ facts.unitsPerPage &* constants.headBytes
      guard let host = view.bytes(at: root.address, count: bytes) else { return fallBack() }
      descriptors.append(
        CachedDescriptor(
          kind: root.kind, index: root.index, address: root.address, listHeads: root.listHeads,
          host: host))
    }
    poolHost = view.bytes(at: facts.profile.nonPagedBase, count: facts.pageBytes)
    rowHost = view.bytes(
      at: view.variables.trackerTable,
      count: view.variables.trackerRows &* facts.profile.trackerRowBytes)
  }

  private mutating func addHeads() {
    let units = facts.unitsPerPage
    let mask = ~facts.linkBit
    lists.reserveHeads(descriptors.count &* Int(units))
    for number in 0..<descriptors.count {
      let heads = descriptors[number].listHeads
      // The complete audit has just looked at each of them.
      if complete.descriptorsWithLists &>> UInt64(number) & 1 == 0 {
        lists.addEmptyHeads(Int(units), at: heads, headBytes: constants.headBytes)
        continue
      }
      let host = descriptors[number].host + Int(heads &- descriptors[number].address)
      // The bytes are read where they lie: asking the view for each was half of a rebuild.
      if facts.wordBytes == 8 {
        addHeads(isWide: true, host, heads, units, mask)
      } else {
        addHeads(isWide: false, host, heads, units, mask)
      }
    }
  }

  /// Not generic over the width: a debug build would ask the word's type for every step.
  @inline(__always)
  private mutating func addHeads(
    isWide: Bool, _ host: UnsafeRawPointer, _ heads: Address, _ units: UInt64, _ mask: UInt64
  ) {
    let wordBytes = isWide ? 8 : 4
    @inline(__always) func link(_ offset: Int) -> UInt64 {
      isWide
        ? (host + offset).loadUnaligned(as: UInt64.self)
        : UInt64((host + offset).loadUnaligned(as: UInt32.self))
    }
    lists.addHeads(Int(truncatingIfNeeded: units)) { unit in
      let offset = unit &* 2 &* wordBytes
      return ListMirror.Head(
        address: heads &+ UInt64(truncatingIfNeeded: offset), next: link(offset) & mask,
        back: link(offset &+ wordBytes) & mask)
    }
  }

  private mutating func addRuns(_ view: PoolView) {
    guard constants.hasRuns else { return }
    for list in 0..<4 {
      let head = roots.freeRunHeads &+ UInt64(list) &* constants.headBytes
      guard var ring = RingWalk(view, head: head) else { return fallBack() }
      runs.addHead(head, next: ring.links.storedNext, back: ring.links.storedBack)
      while fallback == nil, let run = ring.next() {
        guard let page = spaces.page(of: run.address), ring.count <= spaces.nonPagedCount,
          let links = run.links,
          let count = view.word32(run.address &+ facts.wordBytes &* 2)
        else { return fallBack() }
        claim(page, Int(count), .freeRunStart)
        runs.add(
          run.address, list: list, value: count, next: links.storedNext, back: links.storedBack)
      }
    }
  }

  private mutating func claimTables(_ view: PoolView) {
    for table in KernelTable.allCases {
      let (address, bytes) = table.extent(in: view)
      guard spaces.page(of: address) != nil else { continue }
      guard let page = pages(of: address, facts.pages(bytes)) else { return fallBack() }
      claim(page, Int(facts.pages(bytes)), PageOwner(table))
    }
  }

  private mutating func claimSmallPages(_ view: PoolView) {
    for address in spaces.smallBlockPages(view) {
      guard let page = spaces.page(of: address) else { return fallBack() }
      claim(page, 1, .smallBlocks)
    }
  }

  private mutating func addLarge(_ view: PoolView, _ live: LiveAllocations) {
    let variables = view.variables
    var place = variables.bigTable
    for _ in 0..<Int(variables.bigTableEntries) {
      if BigPageEntry(view, at: place) != nil { touched.entries.append(place) }
      place &+= facts.profile.bigEntryBytes
    }
    for address in complete.shadow.untrackedAddresses { touched.large.append(address) }
    updateLarge(view, live)
  }

  private mutating func addMaps(_ view: PoolView) {
    let variables = view.variables
    singles.openPages = (
      variables.pagedBitmap.openPages, variables.sessionBitmap.openPages,
      variables.nonPagedBitmap.openPages
    )
    if !constants.hasRuns {
      maps.add(
        variables.nonPagedBitmap.allocationMap, firstPage: 0,
        pages: Int(min(variables.nonPagedBitmap.pages, UInt64(spaces.nonPagedCount))),
        isEndMap: false)
    }
    for space in spaces.spaces where space.kind != .nonPaged {
      let bitmap = space.kind == .paged ? variables.pagedBitmap : variables.sessionBitmap
      for (address, isEndMap) in [(bitmap.allocationMap, false), (bitmap.endMap, true)] {
        maps.add(
          address, firstPage: space.firstPage, pages: space.pageCount, isEndMap: isEndMap)
      }
    }
    for number in 0..<maps.maps.count {
      let words = 0..<((maps.maps[number].pages + 63) / 64)
      if !maps.update(view, number, words: words, &touched.pages) { fallBack() }
    }
    maps.addExpansion(pages: spaces.nonPagedCount - spaces.initialCount)
    for page in spaces.initialCount..<max(spaces.initialCount, spaces.nonPagedCount) {
      let marks = view.marks(ofPageAt: spaces.address(of: page)) ?? []
      if marks.contains(.mapped), maps.setMapped(page - spaces.initialCount, true) {
        mappedExpansion += 1
      }
    }
  }

  private mutating func addRows(_ view: PoolView) {
    let count = Int(view.variables.trackerMask) &+ 1
    let stride = Int(facts.profile.trackerRowBytes)
    guard let table = rowHost else { return fallBack() }
    rows.keys.append(count) { row in
      table.loadUnaligned(fromByteOffset: row &* stride, as: UInt32.self)
    }
    rows.places.append(count) { _ in RowCache.Places() }
    for row in 0..<count {
      let key = rows.keys[row]
      if key == 0 {
        rows.emptyRows += 1
      } else {
        rows.rowOfTag.set(
          DirtySet.key(PoolTag(word: key)), UInt32(truncatingIfNeeded: row))
      }
    }
    // What the walks found beyond the operations' own account is the kernel's.
    var kernels = TagTally()
    complete.tags.forEach { tag, isPaged, sum in
      kernels.add(tag, isPaged: isPaged, bytes: sum.bytes, count: sum.allocations)
    }
    complete.shadow.tags.forEach { tag, isPaged, sum in
      kernels.add(
        tag, isPaged: isPaged, bytes: 0 &- sum.bytes, count: 0 &- sum.allocations)
    }
    rows.kernels = kernels
    kernels.forEach { tag, _, sum in
      guard sum != TagTally.Sum(), let row = rows.rowOfTag[DirtySet.key(tag)] else { return }
      rows.places.place(Int(row)).pointee.hasKernels = true
    }
  }

  mutating func addSpecials(_ view: PoolView) {
    func add(_ kind: SpecialRange.Kind, _ number: Int, _ start: Address, _ bytes: UInt64) {
      specials.add(
        SpecialRange(
          kind: kind, number: Int32(number), start: start, end: start &+ bytes,
          isInPool: spaces.page(of: start) != nil))
    }
    for (number, root) in view.descriptors.enumerated() {
      add(.descriptor, number, root.address, facts.profile.descriptor.listHeads)
      add(.listHeads, number, root.listHeads, facts.unitsPerPage &* constants.headBytes)
    }
    let tags = KernelTable.tags.extent(in: view)
    add(.trackerTable, 0, tags.address, tags.byteCount)
    let bigPages = KernelTable.bigPages.extent(in: view)
    add(.bigTable, 0, bigPages.address, bigPages.byteCount)
    if constants.hasRuns { add(.runHeads, 0, roots.freeRunHeads, 4 &* constants.headBytes) }
    for number in 0..<maps.maps.count {
      add(.map, number, maps.maps[number].address, UInt64((maps.maps[number].pages + 7) / 8))
    }
  }
}
