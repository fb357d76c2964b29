// Corruptions reach into the model, which only a build for testing lets them.
#if DEBUG
  @testable import KernelPool
  import PoolInvariants

  extension Planted {
    package static let pages: [Planted] = [
      Planted(.pageOwner) { audited, _ in
        audited.mark(audited.longRun, .smallBlocks, true)
      },
      // A page that leaks: carved into small blocks, and nobody knows.
      Planted(.pageOwner) { $0.mark($1[0], .smallBlocks, false) },
      Planted(.runsLinks) { audited, _ in audited.pokePointer(audited.longRun + 4, 0x10) },
      Planted(.runsLinks) { audited, _ in
        audited.pokePointer(
          audited.pool.state.pointee.variables.pointee.freeRunHeads + 24, 0x4141_4141)
      },
      Planted(.runsList) { audited, _ in audited.poke(audited.longRun + 8, 2) },
      Planted(.runsSize) { audited, _ in audited.poke(audited.longRun + 8, 100_000) },
      Planted(.runsSize) { audited, _ in audited.poke(audited.longRun + 8, 0) },
      Planted(.runsStamp) { audited, _ in audited.poke(audited.longRun + 12, 0) },
      Planted(.runsStamp) { audited, _ in
        // Another page of the run than the first, once touched.
        audited.poke(audited.longRun + 0x1010, 0x10)
      },
      Planted(.runsAdjacent) { audited, _ in
        let run = audited.longRun
        let pages = (audited.pool.view.word32(run + 8) ?? 0) - 1
        let split = run + UInt64(pages) * 0x1000
        let head = audited.pool.state.pointee.variables.pointee.freeRunHeads
        audited.poke(run + 8, pages)
        audited.poke(
          split, UInt32(head), UInt32(head), 1, 0x4152_4D33, UInt32(truncatingIfNeeded: split))
        audited.poke(head, UInt32(truncatingIfNeeded: split), UInt32(truncatingIfNeeded: split))
      },
      Planted(.marksStart) { $0.mark($1[0], .start, false) },
      Planted(.marksStart, prepare: threePages) { $0.mark($1[0] + 0x1000, .start, true) },
      Planted(.marksStart, prepare: threePages) { $0.mark($1[0], .start, false) },
      Planted(.marksStart) { audited, _ in audited.mark(audited.longRun, .start, true) },
      Planted(.marksEnd) { $0.mark($1[0], .end, false) },
      Planted(.marksEnd, prepare: threePages) { $0.mark($1[0] + 0x1000, .end, true) },
      Planted(.marksEnd, prepare: threePages) { $0.mark($1[0] + 0x2000, .end, false) },
      Planted(.marksEnd, on: .windows7x64) { $0.mark($1[0] + 0x1000, .end, true) },
      Planted(
        .marksMapped,
        with: {
          $0.nonPagedPages = 40
          $0.maximumNonPagedPages = 60
          $0.expansion = .smallestCluster
        },
        prepare: { audited in
          while audited.pool.state.pointee.variables.pointee.expansionUsed == 0 {
            _ = audited.taking(.nonPaged, 0x1000)
          }
          return [audited.taking(.nonPaged, 0x1000)]
        },
        { $0.mark($1[0], .mapped, false) }),
      Planted(.singlePageLinks, prepare: singlePages) { $0.pokePointer($1[1], $1[0]) },
      Planted(.singlePageLinks, prepare: singlePages) { $0.pokePointer($1[0], 0x4141_4141) },
      Planted(.singlePageLinks, prepare: singlePages) { audited, pages in
        audited.pokePointer(pages[0], audited.pool.profile.pagedBase)
      },
      Planted(.singlePageCount, prepare: singlePages) { audited, _ in
        audited.pool.state.pointee.variables.pointee.singlePageLists.nonPaged.0.count += 1
      },
      Planted(.singlePageCount, prepare: singlePages) { audited, _ in
        audited.pool.state.pointee.variables.pointee.singlePageLists.nonPaged.0.maximumCount = 1
      },
      Planted(.expansionUsed) { audited, _ in
        audited.pool.state.pointee.variables.pointee.expansionUsed += 1
      },
    ]

    package static let pagesOfBitmaps: [Planted] = [
      Planted(.bitmapAllocated, prepare: threePagedPages) {
        $0.flip(\.allocationMap, $1[0] + 0x1000)
      },
      Planted(.bitmapAllocated, prepare: threePagedPages) {
        $0.flip(\.allocationMap, $1[0] + 0x8000)
      },
      Planted(.bitmapAllocated, on: .windows7x86, prepare: threePages) { audited, addresses in
        let bitmap = audited.pool.state.pointee.variables.pointee.nonPagedBitmap
        let index = (addresses[0] - bitmap.base) / 0x1000
        let place = bitmap.allocationMap + index / 32 * 4
        audited.poke(place, (audited.pool.view.word32(place) ?? 0) & ~(1 << UInt32(index % 32)))
      },
      Planted(.bitmapEnd, prepare: threePagedPages) { $0.flip(\.endMap, $1[0] + 0x1000) },
      Planted(.bitmapEnd, prepare: threePagedPages) { $0.flip(\.endMap, $1[0] + 0x8000) },
      Planted(.bitmapEnd, prepare: threePagedPages) { $0.flip(\.endMap, $1[0] + 0x2000) },
      // Pages without page tables count as open, but their bits are set.
      Planted(
        .bitmapAllocated,
        with: {
          $0.pagedPages = 64
          $0.profile.pageTableEntries = 16
        }, prepare: threePagedPages
      ) { audited, _ in
        audited.pool.state.pointee.variables.pointee.pagedBitmap.openPages += 4
      },
      Planted(.bitmapHint) { audited, _ in
        audited.pool.state.pointee.variables.pointee.pagedBitmap.hint = 65
      },
      Planted(.bitmapHint) { audited, _ in
        audited.pool.state.pointee.variables.pointee.sessionBitmap.openPages = 99
      },
      Planted(.marksMapped, prepare: threePagedPages) { audited, addresses in
        let bitmap = audited.pool.state.pointee.variables.pointee.pagedBitmap
        let page = Int((addresses[0] - bitmap.base) / 0x1000)
        audited.pool.state.pointee.memory.regions[bitmap.region].marksPointer[page] = 0
        audited.pool.state.pointee.memory.journal?.noteMarks(addresses[0])
      },
    ]
  }
#endif
