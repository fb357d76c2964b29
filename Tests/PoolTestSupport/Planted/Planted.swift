// Corruptions reach into the model, which only a build for testing lets them.
#if DEBUG
  @testable import KernelPool
  import PoolInvariants

  /// A corruption, the machine it is planted on, and the invariant that must notice it by name.
  package struct Planted: Sendable {
    package let invariant: Invariant
    package let profile: Profile
    package let change: @Sendable (inout PoolConfiguration) -> Void
    /// Brings the pool into a healthy state and returns the addresses that the corruption needs.
    package let prepare: @Sendable (inout AuditedPool) -> [Address]
    package let corrupt: @Sendable (inout AuditedPool, [Address]) -> Void

    package init(
      _ invariant: Invariant, on profile: Profile = .windows2003x86,
      with change: @escaping @Sendable (inout PoolConfiguration) -> Void = { _ in },
      prepare: @escaping @Sendable (inout AuditedPool) -> [Address] = Planted.onePage,
      _ corrupt: @escaping @Sendable (inout AuditedPool, [Address]) -> Void
    ) {
      self.invariant = invariant
      self.profile = profile
      self.change = change
      self.prepare = prepare
      self.corrupt = corrupt
    }

    /// The machine: small tables, and no lookasides unless the corruption wants them.
    package var configuration: PoolConfiguration {
      var configuration = Machine(profile, "for a corruption") { _ in }.configuration
      configuration.lookasideDepth = 0
      change(&configuration)
      return configuration
    }

    /// Every planted corruption, family by family.
    package static let all: [Planted] =
      headers + lists + waiting + live + pages + pagesOfBitmaps + bigTable + counters + tagTable

    /// A nonpaged page: a live block at its start, a free one, two live ones, a free one at its end.
    /// Returns the bodies of the live ones in this order, then that of the freed one.
    package static let onePage: @Sendable (inout AuditedPool) -> [Address] = { audited in
      blocks(&audited, .nonPaged)
    }

    /// The same in paged pool.
    package static let onePagedPage: @Sendable (inout AuditedPool) -> [Address] = { audited in
      blocks(&audited, .paged)
    }

    private static func blocks(_ audited: inout AuditedPool, _ type: PoolType) -> [Address] {
      // Paged requests take turns among the descriptors, so the first block of a page is followed
      // by requests until its descriptor's turn comes again.
      let first = audited.taking(type, 300)
      var others: [Address] = []
      while others.count < 3 {
        let address = audited.taking(type, 400)
        if address & ~0xFFF == first & ~0xFFF { others.append(address) }
      }
      audited.free(others[0])
      return [first, others[2], others[1], others[0]]
    }

    /// A live block on windows-7, and one whose free is deferred.
    package static let deferredBlock: @Sendable (inout AuditedPool) -> [Address] = { audited in
      let kept = audited.taking(.nonPaged, 300)
      let freed = audited.taking(.nonPaged, 400)
      audited.free(freed)
      return [kept, freed]
    }

    /// A live block, and two freed ones on a lookaside list, the top first.
    package static let lookasideBlocks: @Sendable (inout AuditedPool) -> [Address] = { audited in
      let kept = audited.taking(.nonPaged, 64)
      let first = audited.taking(.nonPaged, 64)
      let second = audited.taking(.nonPaged, 64)
      audited.free(first)
      audited.free(second)
      return [kept, second, first]
    }

    /// A large allocation of three pages.
    package static let threePages: @Sendable (inout AuditedPool) -> [Address] = { audited in
      [audited.taking(.nonPaged, 0x2800)]
    }

    /// A large paged allocation of three pages.
    package static let threePagedPages: @Sendable (inout AuditedPool) -> [Address] = { audited in
      [audited.taking(.paged, 0x2800)]
    }

    /// Two single pages on the list of freed ones, the top first.
    package static let singlePages: @Sendable (inout AuditedPool) -> [Address] = { audited in
      let first = audited.taking(.nonPaged, 0x1000)
      let second = audited.taking(.nonPaged, 0x1000)
      audited.free(first)
      audited.free(second)
      return [second, first]
    }
  }
#endif
