import KernelPool
import PoolTestSupport
import Testing

/// Descriptors: their bytes, which one serves a request, and what they count (public symbols;
/// ReactOS for the counters; Mandt and the Windows Internals for several paged pools).
@Suite struct DescriptorTests {
  /// Offsets of running allocations, running frees, total pages, total big pages, total bytes,
  /// pending depth, index and list heads.
  static let layouts: [String: [UInt64?]] = [
    "windows-xp-x86": [8, 0xC, 0x10, 0x14, nil, 0x24, 4, 0x28],
    "windows-2003-x86": [8, 0xC, 0x10, 0x14, 0x28, 0x24, 4, 0x30],
    "windows-2003-x64": [8, 0xC, 0x10, 0x14, 0x38, 0x30, 4, 0x48],
    "windows-vista-x86": [8, 0xC, 0x10, 0x14, 0x2C, 0x28, 4, 0x34],
    "windows-vista-x64": [8, 0xC, 0x10, 0x14, 0x38, 0x34, 4, 0x48],
    "windows-7-x86": [0x40, 0x44, 0xC0, 0x48, 0x50, 0x104, 0x80, 0x140],
    "windows-7-x64": [0x40, 0x44, 0xC0, 0x48, 0x50, 0x108, 0x80, 0x140],
  ]

  /// Versions that share another's layout.
  static let sameAs = [
    "windows-2000-x86": "windows-xp-x86", "reactos-x86": "windows-2003-x86",
    "reactos-x64": "windows-2003-x64", "windows-8-x64": "windows-7-x64",
    "windows-8-x86": "windows-7-x86", "windows-8.1-x64": "windows-7-x64",
    "windows-10-x64": "windows-7-x64",
  ]

  private func offsets(_ profile: Profile) throws -> [UInt64?] {
    try #require(Self.layouts[Self.sameAs[profile.name] ?? profile.name])
  }

  @Test(arguments: Profiles.all)
  func countersLieWhereTheSymbolsSay(_ profile: Profile) throws {
    let offsets = try offsets(profile)
    var test = try TestPool(profile)
    let root = try test.descriptor(.nonPaged)
    let small = try test.allocate(0x80)
    let large = try test.allocate(0x2000)
    _ = try test.allocate(0x80)
    try test.free(small)
    let counts = try offsets.prefix(4).map { try test.counter(root, $0 ?? 0) }
    #expect(counts == [3, 1, 1, 2])
    if let bytes = offsets[4] {
      let units = profile.units(forRequest: 0x80)
      let found = try test.pointer(root.address + bytes)
      #expect(found == 0x2000 + units * test.unit)
    }
    try test.free(large)
    let big = try test.counter(root, offsets[3] ?? 0)
    #expect(big == 0)
    #expect(root.listHeads == root.address + (offsets[7] ?? 0))
  }

  /// Type and index stand in the descriptor, and every list head points at itself at start.
  @Test(arguments: Profiles.all)
  func descriptorsAreInitialised(_ profile: Profile) throws {
    let index = try offsets(profile)[6] ?? 0
    let test = try TestPool(profile) { $0.profile.pagedDescriptors = profile.pagedDescriptors }
    for root in test.view.descriptors {
      let type = try test.word32(root.address)
      let stored = try test.word32(root.address + index)
      #expect(type == (root.kind == .paged || root.kind == .session ? 1 : 0))
      #expect(stored == root.index)
      for units in 1...profile.unitsPerPage {
        let list = try test.freeList(root.kind, units: units, index: root.index)
        #expect(list.isEmpty)
      }
      let head = root.listHeads
      let mark: Address = profile.name.hasPrefix("reactos") ? 1 : 0
      let link = try test.pointer(head)
      #expect(link == head | mark)
    }
  }

  /// How many there are: one paged pool on ReactOS, five elsewhere; a session pool on Windows, and
  /// one for memory that cannot be executed on Windows 8.
  @Test(arguments: Profiles.all)
  func howManyThereAre(_ profile: Profile) throws {
    let test = try TestPool(profile) { $0.profile.pagedDescriptors = profile.pagedDescriptors }
    let kinds = Dictionary(grouping: test.view.descriptors, by: \.kind).mapValues(\.count)
    let isReactos = profile.name.hasPrefix("reactos")
    #expect(kinds[.nonPaged] == 1)
    #expect(kinds[.paged] == (isReactos ? 1 : 5))
    #expect(kinds[.session] == (isReactos ? nil : 1))
    #expect(kinds[.nonPagedNoExecute] == (profile.name.isWindows8On ? 1 : nil))
  }

  /// Paged requests take turns over the indices from 1 on; headers store the index, and a free goes
  /// back to it.
  @Test(arguments: Profiles.windows, RoundRobin.allCases)
  func turns(_ profile: Profile, _ rule: RoundRobin) throws {
    var test = try TestPool(profile) {
      $0.profile.pagedDescriptors = 5
      $0.profile.roundRobin = rule
    }
    let blocks = try (0..<9).map { _ in try test.allocate(0x80, .paged) }
    let indices = try blocks.map { try test.header(of: $0).index }
    let shift = rule == .advanceThenUse ? 0 : 3
    #expect(indices == (0..<9).map { UInt64(($0 + shift) % 4 + 1) })
    try test.free(blocks[1])
    let owner = UInt32(indices[1])
    let frees = try test.counter(
      test.descriptor(.paged, index: owner), profile.descriptor.runningFrees)
    #expect(frees == 1)
    for index in 1...4 {
      let pages = try test.counter(
        test.descriptor(.paged, index: UInt32(index)), profile.descriptor.totalPages)
      #expect(pages == 1)
    }
  }

  /// Large paged requests belong to index 0.
  @Test(arguments: Profiles.all)
  func largePagedRequestsBelongToIndex0(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.profile.pagedDescriptors = profile.pagedDescriptors }
    _ = try test.allocate(0x3000, .paged)
    let pages = try test.counter(
      test.descriptor(.paged, index: 0), profile.descriptor.totalBigPages)
    #expect(pages == 3)
  }

  /// With one paged descriptor, as on ReactOS, everything has index 0.
  @Test(arguments: Profiles.all)
  func onePagedDescriptor(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.profile.pagedDescriptors = 1 }
    let blocks = try (0..<3).map { _ in try test.allocate(0x80, .paged) }
    let indices = try blocks.map { try test.header(of: $0).index }
    #expect(indices == [0, 0, 0])
  }

  /// A header with an index that no descriptor has: followed into nothing up to 7, refused on 8.
  @Test(arguments: Profiles.windows)
  func wrongIndices(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x80, .paged)
    let word = try test.word32(block - test.headerBytes)
    let shift: UInt32 = profile.header == .x86 ? 9 : 8
    try test.write(word32: word | 0x40 << shift, at: block - test.headerBytes)
    let own = try test.word32(block - test.headerBytes)
    let units = UInt64(profile.header.blockSize.get(own))
    let next = block - test.headerBytes + units * test.unit
    let outcome = test.pool.free(block)
    if profile.name.isWindows8On {
      #expect(outcome.bugCheck == [0x19, 0x20, block - test.headerBytes, next, UInt64(own)])
    } else {
      #expect(outcome == .halted(.fault(profile.descriptor.runningFrees)))
    }
  }

  /// ReactOS never looks at the index.
  @Test(arguments: Profiles.reactos)
  func reactosIgnoresTheIndex(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x80, .paged)
    let word = try test.word32(block - test.headerBytes)
    try test.write(word32: word | 0x40 << (test.word == 4 ? 9 : 8), at: block - test.headerBytes)
    try test.free(block)
    #expect(test.view.smallBlockPages(.paged).isEmpty)
  }

  // MARK: Bytes

  /// Requested bytes are added, whole pages taken away: the counter drifts on ReactOS only.
  @Test(arguments: Profiles.all)
  func totalBytesDrift(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let root = try test.descriptor(.nonPaged)
    let large = try test.allocate(4097)
    try test.free(large)
    guard let offset = profile.descriptor.totalBytes else {
      #expect(profile.header == .windows2000 || profile.name == "windows-xp-x86")
      return
    }
    let low = Int32(bitPattern: try test.word32(root.address + offset))
    #expect(low == (profile.name.hasPrefix("reactos") ? -4095 : 0))
  }

  @Test(arguments: Profiles.windows)
  func bytesMayDriftByASwitch(_ profile: Profile) throws {
    guard let offset = profile.descriptor.totalBytes else { return }
    var test = try TestPool(profile) { $0.profile.largeByteCount = .requestedBytes }
    let large = try test.allocate(4097)
    try test.free(large)
    let low = Int32(bitPattern: try test.word32(test.descriptor(.nonPaged).address + offset))
    #expect(low == -4095)
  }

  /// The pages handed out are counted where the profile says so; those on single-page lists too.
  @Test(arguments: Profiles.all)
  func pagesHandedOut(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.singlePageDepth = 1 }
    let isKept = !profile.name.hasPrefix("reactos")
    let blocks = try [(0x3000, PoolType.nonPaged), (0x1000, .nonPaged), (0x2000, .paged)].map {
      try test.allocate($0.0, $0.1)
    }
    #expect(test.view.variables.allocatedPages == (isKept ? 4 : 0, isKept ? 2 : 0))
    try test.free(blocks[2])
    try test.free(blocks[1])
    #expect(test.view.variables.allocatedPages == (isKept ? 4 : 0, 0))
    try test.free(blocks[0])
    let waiting: UInt64 = profile.nonPagedPages == .bitmap ? 4 : 1
    #expect(test.view.variables.allocatedPages == (isKept ? waiting : 0, 0))
    // No version lists so many: they go back to the page level at once.
    try test.free(try test.allocate(0x5000))
    #expect(test.view.variables.allocatedPages == (isKept ? waiting : 0, 0))
  }

  // MARK: Session and no-execute pools

  @Test(arguments: Profiles.windows)
  func theSessionPool(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let small = try test.allocate(0x80, [.paged, .session])
    let large = try test.allocate(0x2800, [.paged, .session])
    let nonPaged = try test.allocate(0x80, .session)
    let session = profile.sessionBase..<profile.sessionBase + 32 * 0x1000
    #expect(session.contains(small) && session.contains(large) && !session.contains(nonPaged))
    let root = try test.descriptor(.session)
    let layout = profile.descriptor
    let counts = [
      try test.counter(root, layout.runningAllocations), try test.counter(root, layout.totalPages),
      try test.counter(root, layout.totalBigPages),
    ]
    #expect(counts == [2, 1, 3])
    let header = try test.header(of: nonPaged)
    #expect(header.type == (profile.storedPoolType == .orTwo ? 0x22 : 0x21))
    for block in [small, large, nonPaged] { try test.free(block) }
    let left = [
      try test.counter(root, layout.runningFrees), try test.counter(root, layout.totalPages),
      try test.counter(root, layout.totalBigPages),
    ]
    #expect(left == [2, 0, 0])
    let row = try test.trackerRow(PoolTag("Test"))
    #expect(row?.paged[0] == 2 && row?.nonPaged[0] == 1)
  }

  @Test(arguments: Profiles.reactos)
  func reactosHasNoSessionPool(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x80, [.paged, .session])
    #expect(block >= profile.pagedBase && block < profile.pagedBase + 0x4_0000)
  }

  /// Windows 8 counts memory that cannot be executed in a descriptor of its own, large allocations
  /// and their tails included, whichever way it is freed.
  @Test func theNoExecutePool() throws {
    var test = try TestPool(.windows8x64)
    let layout = test.profile.descriptor
    let small = try test.allocate(0x80, .noExecute)
    let large = try test.allocate(0x1800, .noExecute)
    let header = try test.header(of: small)
    #expect(header.index == 1 && header.type == 2)
    let tail = try test.allocate(0x400, .noExecute)
    let root = try test.descriptor(.nonPagedNoExecute)
    let counts = [
      try test.counter(root, layout.runningAllocations), try test.counter(root, layout.totalPages),
      try test.counter(root, layout.totalBigPages),
    ]
    #expect(counts == [3, 1, 2])
    for block in [large, small, tail] { try test.free(block) }
    let left = [
      try test.counter(root, layout.runningFrees), try test.counter(root, layout.totalPages),
      try test.counter(root, layout.totalBigPages),
    ]
    #expect(left == [3, 0, 0])
    let plain = try test.descriptor(.nonPaged)
    let untouched = [
      try test.counter(plain, layout.runningFrees), try test.counter(plain, layout.totalPages),
      try test.counter(plain, layout.totalBigPages),
    ]
    #expect(untouched == [0, 0, 0])
  }

  /// Elsewhere the flag means nothing.
  @Test(arguments: Profiles.all.filter { !$0.name.isWindows8On })
  func noExecuteIsPlainElsewhere(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x80, .noExecute)
    let allocations = try test.counter(
      test.descriptor(.nonPaged), profile.descriptor.runningAllocations)
    #expect(allocations == 1)
    try test.free(block)
  }
}
