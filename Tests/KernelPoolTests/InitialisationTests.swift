import KernelPool
import PoolTestSupport
import Testing

/// What the kernel itself takes at start (ReactOS InitializePool; page counts as recorded).
@Suite struct InitialisationTests {
  private func kernel(_ profile: Profile, pages: UInt64 = 256) throws -> TestPool {
    try TestPool(profile) {
      $0.nonPagedPages = pages
      $0.trackerEntries = 0
      $0.bigTableEntries = 0
      $0.initialisation = .kernel
      $0.profile.pagedDescriptors = profile.pagedDescriptors
    }
  }

  /// Pages of the tag table, of the big-page table and of a paged descriptor with its lock.
  private func pages(_ profile: Profile) -> [UInt64] {
    let isXP = profile.header == .windows2000 || profile.name == "windows-xp-x86"
    return [profile.wordBytes == 8 ? 21 : 15, profile.wordBytes == 8 ? 24 : isXP ? 12 : 16, 2]
  }

  /// Tag table, big-page table, descriptors: from the top of the run, or from the bottom where a
  /// bitmap hands out pages.
  @Test(arguments: Profiles.all)
  func whereTheTablesLie(_ profile: Profile) throws {
    let test = try kernel(profile)
    let pages = pages(profile)
    let variables = test.view.variables
    let base = profile.nonPagedBase
    let roots = test.view.descriptors.filter { $0.kind == .paged }
    let isUpward = profile.nonPagedPages == .bitmap
    let tracker = isUpward ? 0 : 256 - pages[0]
    let table = isUpward ? pages[0] : tracker - pages[1]
    #expect(variables.trackerTable == base + tracker * 0x1000)
    #expect(variables.bigTable == base + table * 0x1000)
    var next = isUpward ? table + pages[1] : table - 2
    for root in roots {
      #expect(root.address == base + next * 0x1000)
      next = isUpward ? next + 2 : next - 2
    }
  }

  /// The tables count under `Pool` but in no descriptor; the paged descriptors are ordinary large
  /// allocations.
  @Test(arguments: Profiles.all)
  func whatIsCounted(_ profile: Profile) throws {
    let test = try kernel(profile)
    let pages = pages(profile)
    let count = profile.pagedDescriptors
    let row = try test.trackerRow(PoolTag("Pool"))
    let bytes = (pages[0] + pages[1] + 2 * count) * 0x1000
    #expect(row?.nonPaged == [2 + count, 0, bytes])
    let root = try test.descriptor(.nonPaged)
    let layout = profile.descriptor
    let counts = [
      try test.counter(root, layout.runningAllocations), try test.counter(root, layout.totalPages),
      try test.counter(root, layout.totalBigPages),
    ]
    #expect(counts == [UInt32(count), 0, 2 * UInt32(count)])
    let entries = try test.bigEntries()
    #expect(entries.map(\.tag) == Array(repeating: PoolTag("Pool").word, count: Int(count)))
  }

  /// Without the kernel's tables the pool starts empty.
  @Test(arguments: Profiles.all)
  func anEmptyPool(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let entries = try test.bigEntries()
    #expect(entries.isEmpty)
    let seeds = try test.trackerRow(PoolTag("Pool"))
    #expect(seeds == TagRow(nonPaged: [0, 0, 0], paged: [0, 0, 0]))
    let all = try test.allocate(64 * 0x1000)
    #expect(all == profile.nonPagedBase)
  }

  /// Tables that do not fit are halved; a pool too small for its descriptor does not start.
  @Test func smallPools() throws {
    let test = try kernel(.reactosX86, pages: 25)
    #expect(test.view.variables.trackerRows == 2049)
    #expect(test.view.variables.bigTableEntries == 2048)
    for profile in Profiles.all {
      #expect(throws: ConfigurationError.self) { _ = try kernel(profile, pages: 2) }
    }
  }

  /// Regions that overlap, or lie where no address is, are refused.
  @Test(arguments: Profiles.all)
  func impossibleAddresses(_ profile: Profile) {
    let changes: [@Sendable (inout PoolConfiguration) -> Void] = [
      { $0.profile.pagedBase = $0.profile.nonPagedBase + 0x1000 },
      { $0.profile.nonPagedBase += 0x10 }, { $0.nonPagedPages = 0 }, { $0.pagedPages = 0 },
      { $0.processors = 0 }, { $0.processors = 65 }, { $0.trackerEntries = 1 << 25 },
      { $0.profile.pagedBase = $0.profile.wordBytes == 4 ? 0xFFFF_F000 : 0x8000_0000_0000 },
      { $0.nonPagedPages = 1 << 33 },
    ]
    for change in changes {
      #expect(throws: ConfigurationError.self) { _ = try TestPool(profile, change) }
    }
  }

  /// A machine that cannot reserve the memory says so.
  @Test func noHostMemory() {
    #expect(throws: ConfigurationError.self) {
      _ = try TestPool(.windows2003x86) { _ in
      } reserve: { _ in
        nil
      }
    }
  }

  /// A pool gives all of its memory back when it goes, and where it cannot be set up.
  @Test(arguments: [64, 2] as [UInt64])
  func memoryIsGivenBack(_ pages: UInt64) {
    var reserved = 0
    var booted = false
    withUnsafeMutablePointer(to: &reserved) { reserved in
      let test = try? TestPool(.windows7x64) {
        $0.nonPagedPages = pages
        $0.initialisation = .kernel
        $0.trackerEntries = 64
        $0.bigTableEntries = 64
      } reserve: { count in
        guard let bytes = ReservedBytes.zeroed(count) else { return nil }
        reserved.pointee += 1
        return ReservedBytes(
          base: bytes.base, byteCount: count,
          release: .used { base, count in
            reserved.pointee -= 1
            base.deallocate()
          })
      }
      booted = test != nil
      #expect(reserved.pointee == (booted ? 1 : 0))
    }
    #expect(booted == (pages == 64))
    #expect(reserved == 0)
  }
}
