// Corruptions reach into the model, which only a build for testing lets them.
#if DEBUG
  @testable import KernelPool
  import PoolInvariants

  extension Planted {
    package static let bigTable: [Planted] = [
      Planted(.bigTableAddress, prepare: threePages) { $0.pokePointer($0.bigEntry($1[0]), 0x5000) },
      Planted(.bigTableAddress, prepare: threePages) {
        $0.pokePointer($0.bigEntry($1[0]), $1[0] + 8)
      },
      Planted(.bigTableDuplicate, prepare: threePages) { audited, addresses in
        let entry = audited.bigEntry(addresses[0])
        let copy = entry + audited.pool.profile.bigEntryBytes
        audited.pokePointer(copy, addresses[0])
        audited.poke(copy + 4, audited.pool.view.word32(entry + 4) ?? 0, 3)
      },
      Planted(.bigTableLive, prepare: threePages) { $0.live.remove($1[0]) },
      Planted(.bigTableMissing, prepare: threePages) {
        $0.pokePointer($0.bigEntry($1[0]), $1[0] | 1)
      },
      Planted(.bigTableSize, prepare: threePages) { $0.poke($0.bigEntry($1[0]) + 8, 2) },
      Planted(.bigTableSize, on: .windows7x64, prepare: threePages) {
        $0.poke($0.bigEntry($1[0]) + 16, 0x3800)
      },
      // A count of bytes that comes to the same pages.
      Planted(.bigTableSize, on: .windows7x64, prepare: threePages) {
        $0.add($0.bigEntry($1[0]) + 16, ~0)
      },
      Planted(.bigTableSize, on: .windows8x86) { audited, _ in
        let descriptor = audited.pool.view.descriptors.first { $0.kind == .paged }
        audited.add(audited.bigEntry(descriptor?.address ?? 0) + 12, 8)
      },
      Planted(.bigTableTag, prepare: threePages) { $0.poke($0.bigEntry($1[0]) + 4, 0x4141_4141) },
      Planted(.bigTableType, on: .windows8x64, prepare: threePages) {
        $0.poke($0.bigEntry($1[0]) + 12, 0x200)
      },
      Planted(.bigTableType, on: .windows7x86) { audited, _ in
        let descriptor = audited.pool.view.descriptors.first { $0.kind == .paged }
        audited.poke(audited.bigEntry(descriptor?.address ?? 0) + 8, 1)
      },
      Planted(.bigTableInUse) { audited, _ in
        audited.pool.state.pointee.variables.pointee.bigTableInUse += 1
      },
    ]

    package static let counters: [Planted] = [
      Planted(.countersPages) { audited, _ in audited.add(audited.counter(\.totalPages), 1) },
      Planted(.countersBigPages) { audited, _ in audited.add(audited.counter(\.totalBigPages), 1) },
      Planted(.countersBytes) { audited, _ in
        guard let offset = audited.pool.profile.descriptor.totalBytes else { return }
        audited.add(audited.pool.view.descriptors[0].address + offset, 8)
      },
      Planted(.countersOutstanding) { audited, _ in
        audited.add(audited.counter(\.runningFrees), 1)
      },
      Planted(.countersAllocations) { audited, _ in
        audited.add(audited.counter(\.runningAllocations), 1)
        audited.add(audited.counter(\.runningFrees), 1)
      },
      Planted(.countersQuota, prepare: { [$0.taking(.quota, 100)] }) { audited, _ in
        audited.pool.state.pointee.variables.pointee.chargedBytes.nonPaged += 8
      },
      Planted(.countersQuota) { audited, _ in
        audited.pool.state.pointee.variables.pointee.chargedBytes.paged += 8
      },
    ]

    package static let tagTable: [Planted] = [
      // The tag is gone from its row.
      Planted(.trackerRow) { audited, _ in audited.poke(audited.row("Test"), 0x4141_4141) },
      // A second row of the same tag.
      Planted(.trackerRow) { audited, _ in
        audited.poke(audited.row("Irp"), PoolTag("Test").word)
      },
      // A row whose key has the mark of protected blocks.
      Planted(.trackerRow) { audited, _ in
        audited.poke(audited.row("Irp"), PoolTag("Irp").word | PoolTag.protectedBit)
      },
      Planted(.trackerOutstanding) { audited, _ in audited.add(audited.row("Test") + 8, 1) },
      Planted(.trackerOutstanding, on: .windows2003x64) { audited, _ in
        audited.add(audited.row("Test") + 0x18, 1)
      },
      Planted(.trackerBytes) { audited, _ in audited.add(audited.row("Test") + 0xC, 8) },
      Planted(.trackerBytes, on: .windows2003x64) { audited, _ in
        audited.add(audited.row("Test") + 0x20, 8)
      },
    ]
  }
#endif
