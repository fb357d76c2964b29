// Setting a pool up: memory regions, the page level, the tables, the descriptors (ReactOS
// MiInitializeNonPagedPool, InitializePool). With `init=kernel` the tag table, the big-page table
// and the paged descriptors come off the nonpaged pool in that order, as in a kernel.

/// Why a pool cannot be set up.
public struct ConfigurationError: Error, Equatable, Sendable {
  /// What is wrong and what is allowed.
  public let message: String
}

/// Offsets of the kernel's static data from the descriptors' base.
enum StaticData {
  static let noExecuteDescriptor: UInt64 = 0x4000
  static let sessionDescriptor: UInt64 = 0x8000
  static let process: UInt64 = 0xF000
  static let freeRunHeads: UInt64 = 0x1_0000
  static let tables: UInt64 = 0x2_0000
  static let pagedDescriptorStep: UInt64 = 0x2000
  /// Distance of the bitmaps from each other.
  static let bitmapStep: UInt64 = 0x100_0000
}

extension KernelPool {
  /// Sets a pool up on zeroed memory and runs the kernel's initialisation. (An initialiser that
  /// throws after its last assignment is not possible for a type that cannot be copied.)
  ///
  /// Throws where sizes or addresses cannot be, or where `reserve` has not enough memory.
  public static func boot(
    _ configuration: PoolConfiguration, mutant: Mutant = .none,
    reserve: ReservedBytes.Reserver = ReservedBytes.zeroed
  ) throws(ConfigurationError) -> KernelPool {
    try configuration.validate()
    var builder = RegionBuilder(configuration: configuration)
    let (regions, reserved) = try builder.build(reserve: reserve)
    let pool = KernelPool(
      PoolState(configuration, mutant, regions, reserved, builder.variables))
    do throws(Halt) {
      try pool.start()
    } catch {
      throw ConfigurationError(
        message: "the pool has too few pages for its own tables; give it more nonpaged_pages,"
          + " smaller tables, or init=none")
    }
    return pool
  }

  /// Runs the kernel's own initialisation in its order.
  private borrowing func start() throws(Halt) {
    try state.pointee.start()
    try makePagedDescriptors()
    state.pointee.selectInstance()
  }

  /// Paged descriptors are allocated from nonpaged pool, each with its lock.
  private borrowing func makePagedDescriptors() throws(Halt) {
    for index in state.pointee.firstPagedDescriptor..<state.pointee.descriptorCount {
      let bytes = profile.descriptor.bytesWithLock
      let address: Address
      if configuration.initialisation == .kernel {
        let blocks = GeneralBlocks(pool: state)
        guard let allocated = try blocks.allocateWithTag(.nonPaged, bytes: bytes, tag: .pool)
        else { throw blocks.bugCheck(BugCheck.mustSucceedPoolEmpty, bytes, .max, .max, .max) }
        address = allocated
      } else {
        let position = UInt64(index - state.pointee.firstPagedDescriptor)
        address =
          profile.descriptorBase + StaticData.tables
          + RegionBuilder.tableBytes(configuration) + position * StaticData.pagedDescriptorStep
      }
      state.pointee.descriptors[index].address = address
      state.pointee.descriptors[index].listHeads = address + profile.descriptor.listHeads
      try state.pointee.initialise(descriptor: index)
    }
  }
}

extension PoolState {
  fileprivate init(
    _ configuration: PoolConfiguration, _ mutant: Mutant, _ regions: [MemoryRegion],
    _ reserved: ReservedBytes, _ roots: KernelVariables
  ) {
    self.configuration = configuration
    self.mutant = mutant
    let profile = configuration.profile
    self.profile = profile
    shownProfile = .allocate(capacity: 1)
    shownProfile.initialize(to: profile)
    shownConfiguration = .allocate(capacity: 1)
    shownConfiguration.initialize(to: configuration)
    geometry = Geometry(profile)
    memory = SimulatedMemory(
      regions: regions, reserved: reserved, isWide: geometry.isWide,
      linkBit: profile.linkEncoding == .lowBitSet ? 1 : 0)
    nonPagedMarks = regions[0].marksPointer
    contiguousArena = RegionBuilder.contiguousArena(regions)
    specialArena = RegionBuilder.specialArena(regions, configuration)
    variables = .allocate(capacity: 1)
    variables.initialize(to: roots)
    expansionEntries = SystemPageTableEntries(
      count: roots.expansionPages, order: configuration.expansion)
    let descriptorRoots = Self.descriptorRoots(profile)
    descriptorCount = descriptorRoots.count
    descriptors = .allocate(capacity: descriptorCount)
    descriptors.initialize(from: descriptorRoots, count: descriptorCount)
    firstPagedDescriptor = descriptorRoots.firstIndex { $0.kind == .paged } ?? 0
    maskWithoutIndex =
      profile.poolIndexRule == .stale ? .max : profile.header.poolIndex.set(.max, 0)
    nonPagedType = profile.stored(.nonPaged)
    let ofOwner = PoolKind.count * Int(profile.lookasideClasses)
    lookasideCount =
      (configuration.processors + (profile.sharedLookaside == .separate ? 1 : 0)) * ofOwner
    lookasides = .allocate(capacity: lookasideCount)
    lookasides.initialize(
      repeating: LookasideList(depth: configuration.lookasideDepth ?? profile.lookasideDepth),
      count: lookasideCount)
    ownLookasides = lookasides
    sharedLookasides =
      switch profile.sharedLookaside {
      case .none: nil
      case .sameList: lookasides
      case .separate: lookasides + configuration.processors * ofOwner
      }
    // Until the tables have been made, nothing is known of them but that they are there.
    let system = regions[1]
    tagRows = TagRows(host: system.host, address: system.base, mask: 0)
    owners = Self.unknownOwners(descriptorRoots, system, lists: profile.unitsPerPage)
    instance = .general
    view = PoolView(
      profilePointer: UnsafePointer(shownProfile),
      configurationPointer: UnsafePointer(shownConfiguration),
      regions: UnsafePointer(memory.regions),
      regionCount: memory.regionCount, variablesPointer: UnsafePointer(variables),
      descriptorsPointer: UnsafePointer(descriptors), descriptorCount: descriptorCount,
      lookasidesPointer: UnsafePointer(lookasides))
  }

  /// Descriptors of which nothing is known yet but that they are there.
  private static func unknownOwners(
    _ roots: [DescriptorRoot], _ system: MemoryRegion, lists: UInt64
  ) -> OwnerPointer {
    let owners = OwnerPointer.allocate(capacity: roots.count)
    for (index, root) in roots.enumerated() {
      (owners + index).initialize(
        to: Owner(
          kind: root.kind, indexBits: 0, address: system.base, host: system.host,
          headsAddress: system.base, heads: system.host, used: UsedLists(lists: lists),
          hasSummary: index == 0))
    }
    return owners
  }

  /// The descriptors of a profile; those that are allocated get their address later.
  private static func descriptorRoots(_ profile: Profile) -> [DescriptorRoot] {
    func root(_ kind: PoolKind, _ index: UInt32, _ offset: UInt64) -> DescriptorRoot {
      let address = profile.descriptorBase + offset
      return DescriptorRoot(
        kind: kind, index: index, address: address,
        listHeads: address + profile.descriptor.listHeads)
    }
    var roots = [root(.nonPaged, 0, 0)]
    if profile.hasNoExecutePool {
      roots.append(root(.nonPagedNoExecute, 1, StaticData.noExecuteDescriptor))
    }
    if profile.hasSessionPool { roots.append(root(.session, 0, StaticData.sessionDescriptor)) }
    for index in 0..<profile.pagedDescriptors {
      roots.append(root(.paged, UInt32(index), 0))
    }
    return roots
  }

  /// Runs the kernel's own initialisation in its order.
  fileprivate mutating func start() throws(Halt) {
    try memory.store8(variables.pointee.process, KernelPool.processObjectType)
    if profile.nonPagedPages == .runLists { try makeInitialRun() }
    for bitmap in [pagedBitmap, sessionBitmap, nonPagedBitmap] where bitmap.pointee.pages != 0 {
      let open = bitmap.pointee.openPages
      try setBits(open, bitmap.pointee.pages - open, of: bitmap.pointee.allocationMap, to: true)
    }
    for index in 0..<descriptorCount where descriptors[index].kind != .paged {
      try initialise(descriptor: index)
    }
    try makeTrackerTable()
    try makeBigTable()
  }

  fileprivate mutating func initialise(descriptor: Int) throws(Halt) {
    let root = descriptors[descriptor]
    let size = profile.descriptor.listHeads + profile.unitsPerPage * geometry.wordBytes * 2
    try memory.clear(root.address, size)
    try memory.store32(
      root.address + profile.descriptor.poolType, root.kind.isPaged ? 1 : 0)
    try memory.store32(root.address + profile.descriptor.poolIndex, root.index)
    try memory.storeEmptyHeads(from: root.listHeads, count: profile.unitsPerPage)
    guard let host = memory.locateRange(root.address, size) else {
      throw memory.fault(at: root.address)
    }
    let owner = owners + descriptor
    let bits = profile.header.poolIndex.set(0, root.index) & ~maskWithoutIndex
    owner.pointee = Owner(
      kind: root.kind, indexBits: bits, address: root.address, host: host,
      headsAddress: root.listHeads, heads: host + Int(profile.descriptor.listHeads),
      used: owner.pointee.used, hasSummary: owner.pointee.hasSummary)
    if owner.pointee.hasSummary {
      memory.watchListHeads(
        root.listHeads, profile.unitsPerPage * geometry.wordBytes * 2, owner.pointee.used)
    }
  }

  /// Looks up where the tag table lies and which instance suits; before that the general one serves.
  fileprivate mutating func selectInstance() {
    let bytes = variables.pointee.trackerRows &* profile.trackerRowBytes
    guard let host = memory.locateRange(variables.pointee.trackerTable, bytes) else { return }
    tagRows = TagRows(
      host: host, address: variables.pointee.trackerTable,
      mask: variables.pointee.trackerMask & 0xFFFF_FFFF)
    instance = specialArena == nil ? BlockInstance(profile, mutant) : .general
  }

  // MARK: Tables

  /// The next lower power of two of a requested size, within limits.
  private mutating func tableEntries(requested: UInt64, standard: UInt64) -> UInt64 {
    let cap = (variables.pointee.initialPages << geometry.pageShift) / 256
    let size = min(requested, cap)
    guard size != 0 else { return standard }
    return max(1 << UInt64(63 - size.leadingZeroBitCount), 64)
  }

  private mutating func makeTrackerTable() throws(Halt) {
    var entries = tableEntries(requested: configuration.trackerEntries, standard: 2048)
    var table: Address?
    var bytes: UInt64 { (entries + 1) * profile.trackerRowBytes }
    while table == nil {
      table =
        configuration.initialisation == .none
        ? profile.descriptorBase + StaticData.tables
        : try allocatePages(.nonPaged, bytes: bytes)
      if table == nil {
        entries /= 2
        guard entries > 1 else {
          throw bugCheck(BugCheck.mustSucceedPoolEmpty, bytes, .max, .max, .max)
        }
      }
    }
    guard let table else { return }
    try memory.clear(table, bytes)
    variables.pointee.trackerTable = table
    variables.pointee.trackerRows = entries + 1
    variables.pointee.trackerMask = entries - 1
    try seedTracker()
  }

  private mutating func makeBigTable() throws(Halt) {
    var entries = tableEntries(requested: configuration.bigTableEntries, standard: 4096)
    var table: Address?
    while table == nil {
      let bytes = entries * profile.bigEntryBytes
      table =
        configuration.initialisation == .none
        ? profile.descriptorBase + StaticData.tables + RegionBuilder.trackerBytes(configuration)
        : try allocatePages(.nonPaged, bytes: bytes)
      if table == nil {
        entries /= 2
        guard entries > 1 else {
          throw bugCheck(BugCheck.mustSucceedPoolEmpty, bytes, .max, .max, .max)
        }
      }
    }
    guard let table else { return }
    let bytes = entries * profile.bigEntryBytes
    try memory.clear(table, bytes)
    try memory.storePointers(
      Self.freeEntry, from: table, count: entries, stride: profile.bigEntryBytes)
    variables.pointee.bigTable = table
    variables.pointee.bigTableEntries = entries
    guard configuration.initialisation == .kernel else { return }
    try track(.pool, bytes: pageRounded(bytes), type: .nonPaged)
    let rows = variables.pointee.trackerRows * profile.trackerRowBytes
    try track(.pool, bytes: pageRounded(rows), type: .nonPaged)
  }
}
