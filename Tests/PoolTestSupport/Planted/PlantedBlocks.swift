// Corruptions reach into the model, which only a build for testing lets them.
#if DEBUG
  @testable import KernelPool
  import PoolInvariants

  // Bodies from `Planted.onePage`: 0 starts the page, a free block follows, then 1 and 2, and 3 is
  // free at the page's end.

  extension Planted {
    package static let headers: [Planted] = [
      Planted(.headerFirst) { $0.set($1[0], \.previousSize, 5) },
      Planted(.headerFirst, on: .windows2000x86) { $0.set($1[0], \.previousSize, 5) },
      Planted(.headerPreviousSize) { $0.set($1[2], \.previousSize, 7) },
      Planted(.headerPreviousSize, on: .windows7x64) { $0.set($1[0], \.blockSize, 7) },
      Planted(.headerSizeRange) { $0.set($1[2], \.blockSize, 0) },
      Planted(.headerSizeRange, on: .reactosX64) { $0.set($1[2], \.blockSize, 1) },
      Planted(.headerTiling) { $0.set($1[3], \.blockSize, $0.field($1[3], \.blockSize) + 10) },
      Planted(.headerPoolIndex, prepare: onePagedPage) { $0.set($1[2], \.poolIndex, 3) },
      Planted(.headerPoolIndex, prepare: onePagedPage) { $0.set($1[0], \.poolIndex, 99) },
      Planted(.freeAdjacent) { $0.set($1[2], \.poolType, 0) },
      Planted(.pageWhollyFree) { audited, bodies in
        for body in bodies { audited.set(body, \.poolType, 0) }
      },
      Planted(.pageWhollyFree, on: .reactosX64) { audited, bodies in
        audited.set(bodies[0], \.blockSize, 0)
        audited.set(bodies[0], \.poolType, 0)
      },
      Planted(.blockOwner) { $0.set($1[3], \.poolType, 1) },
      Planted(.blockOwner) { $0.live.remove($1[1]) },
      Planted(.fragmentHeader, on: .windows7x86, prepare: threePages) { audited, bodies in
        audited.poke(bodies[0] + 0x2804, 0x4141_4141)
      },
    ]

    package static let lists: [Planted] = [
      Planted(.listMembership) { $0.empty($0.head($1[3], descriptor: 0)) },
      Planted(.listMembership, on: .reactosX86) { audited, bodies in
        audited.link(audited.head(bodies[3], descriptor: 0), bodies[2])
      },
      Planted(.listSize) { audited, bodies in
        audited.empty(audited.head(bodies[3], descriptor: 0))
        audited.relink(audited.head(bodies[3], descriptor: 0, plus: 1), bodies[3])
      },
      Planted(.listLinks) { $0.link($1[3] + 4, $1[0]) },
      // A link without the bit that the version sets.
      Planted(.listLinks, on: .reactosX86) { audited, bodies in
        audited.pokePointer(bodies[3], audited.head(bodies[3], descriptor: 0))
      },
      Planted(.listLinks) { audited, bodies in
        audited.link(audited.head(bodies[3], descriptor: 0), 0x10)
      },
      Planted(.listPool, prepare: onePagedPage) { audited, bodies in
        let roots = audited.pool.view.descriptors
        let index = audited.field(bodies[3], \.poolIndex)
        guard let own = roots.firstIndex(where: { $0.kind == .paged && $0.index == index }) else {
          return
        }
        let other = own + 1 < roots.count ? own + 1 : own - 1
        audited.empty(audited.head(bodies[3], descriptor: own))
        audited.relink(audited.head(bodies[3], descriptor: other), bodies[3])
      },
      Planted(
        .orphanUnlisted, prepare: { [$0.taking(.nonPaged, 4080)] },
        { audited, bodies in
          let orphan = audited.header(bodies[0]) + 0xFF8
          let head = audited.pool.view.descriptors[0].listHeads
          audited.link(head, orphan + 8)
          audited.link(head + 4, orphan + 8)
        }),
    ]

    package static let waiting: [Planted] = [
      Planted(.lookasideInUse, with: { $0.lookasideDepth = 4 }, prepare: lookasideBlocks) {
        $0.set($1[1], \.poolType, 0)
      },
      Planted(.lookasideSize, with: { $0.lookasideDepth = 4 }, prepare: lookasideBlocks) {
        $0.set($1[1], \.blockSize, 5)
      },
      Planted(.lookasideLinks, with: { $0.lookasideDepth = 4 }, prepare: lookasideBlocks) {
        $0.pokePointer($1[2], $1[1])
      },
      Planted(.lookasideLinks, with: { $0.lookasideDepth = 4 }, prepare: lookasideBlocks) {
        $0.pokePointer($1[1], 0x4141_4141)
      },
      Planted(.lookasideCount, with: { $0.lookasideDepth = 4 }, prepare: lookasideBlocks) {
        $0.lookaside($1[1]) { $0.count += 1 }
      },
      Planted(.lookasideDepth, with: { $0.lookasideDepth = 4 }, prepare: lookasideBlocks) {
        $0.lookaside($1[1]) { $0.depth = 1 }
      },
      Planted(.lookasideHits, with: { $0.lookasideDepth = 4 }, prepare: lookasideBlocks) {
        $0.lookaside($1[1]) { $0.freeHits += 1 }
      },
      Planted(.lookasideOwner, with: { $0.lookasideDepth = 4 }, prepare: lookasideBlocks) {
        $0.pretend($1[1], 64)
      },
      Planted(.deferredInUse, on: .windows7x64, prepare: deferredBlock) {
        $0.set($1[1], \.poolType, 0)
      },
      Planted(.deferredLinks, on: .windows7x64, prepare: deferredBlock) {
        $0.pokePointer($1[1], $1[1])
      },
      Planted(.deferredCount, on: .windows7x64, prepare: deferredBlock) { audited, _ in
        audited.add(audited.counter(\.pendingFreeDepth), 1)
      },
      Planted(.deferredOwner, on: .windows7x64, prepare: deferredBlock) { $0.pretend($1[1], 400) },
    ]

    package static let live: [Planted] = [
      Planted(.liveBlock) { $0.pretend($1[1] + 8, 8) },
      Planted(.liveAlignment) { $0.pretend($1[1] + 1, 8) },
      Planted(
        .liveAlignment, on: .windows8x64, prepare: { [$0.taking(.cacheAligned, 100)] },
        { $0.set($1[0], \.previousSize, 1) }),
      Planted(.livePool) { $0.pretend($1[1], 400, .paged) },
      Planted(.livePool) { audited, _ in audited.pretend(0x10_0000, 400) },
      Planted(.liveSize) { $0.pretend($1[1], 100) },
      Planted(.liveRoom) { $0.pretend($1[1], 500) },
      Planted(.liveType) { $0.set($1[1], \.poolType, 5) },
      Planted(.liveTag) { $0.poke($0.header($1[1]) + 4, 0x4141_4141) },
      Planted(.liveOverlap) { $0.pretend($1[1] + 16, 8) },
      Planted(.livePattern) { $0.poke($1[1] + 12, 0x4141_4141) },
      Planted(.livePattern) { $0.poke($1[1] + 396, 0x4141_4141) },
      Planted(
        .livePattern, prepare: threePagedPages, { $0.poke($1[0] + 0x1800, 0x4141_4141) }),
      // What its caller says it holds is not what lies there.
      Planted(.livePattern, prepare: threePages) { audited, bodies in
        audited.live.update(bodies[0]) { $0.noteFill(seed: 1) }
      },
      Planted(.livePattern) { audited, bodies in
        audited.live.update(bodies[0]) { $0.noteFill(seed: 1) }
      },
      // Contiguous memory that the pool could not serve.
      Planted(
        .livePattern,
        prepare: { [$0.contiguous(0x1800, highest: 0x2FF_FFFF)].compactMap { $0 } },
        { $0.poke($1[0] + 0x1234, 0x4141_4141) }),
      Planted(
        .quotaProcess, prepare: { [$0.taking(.quota, 100)] }, { $0.poke($1[0] + 100, 0x10) }),
      Planted(
        .quotaProcess, on: .windows8x64, prepare: { [$0.taking(.quota, 100)] },
        { $0.pokePointer($1[0] - 8, 0x10) }),
    ]
  }
#endif
