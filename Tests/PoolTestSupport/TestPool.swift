import KernelPool
import Testing

/// A pool with everything switched off that is not under test: no lookasides, no single-page lists,
/// no deferred frees, and the kernel's own tables beside the pool and of fixed size.
///
/// Whatever it reads, it reads from the raw bytes with shifts of its own, so that a mistake in the
/// model's layouts cannot hide itself.
package struct TestPool: ~Copyable {
  package var pool: KernelPool
  package let profile: Profile

  package struct Failed: Error {
    package init() {}
  }

  package init(
    _ profile: Profile, _ change: (inout PoolConfiguration) -> Void = { _ in },
    reserve: ReservedBytes.Reserver = ReservedBytes.zeroed
  ) throws {
    var configuration = PoolConfiguration.small(profile)
    configuration.profile = profile
    configuration.sessionPages = 32
    configuration.contiguousPages = 32
    configuration.lookasideDepth = 0
    configuration.singlePageDepth = 0
    configuration.trackerEntries = 512
    configuration.bigTableEntries = 512
    // Index 0 for whole pages and one for small blocks; the turns are another suite's matter.
    configuration.profile.pagedDescriptors = min(profile.pagedDescriptors, 2)
    configuration.profile.deferredFrees = false
    configuration.profile.bigTableResizing = .fixed
    configuration.initialisation = .none
    change(&configuration)
    try self.init(configuration, reserve: reserve)
  }

  /// A pool on the machine of `configuration`, with a planted bug.
  package init(
    _ configuration: PoolConfiguration, mutant: Mutant = .none,
    reserve: ReservedBytes.Reserver = ReservedBytes.zeroed
  ) throws {
    profile = configuration.profile
    pool = try KernelPool.boot(configuration, mutant: mutant, reserve: reserve)
  }

  package var view: PoolView { pool.view }
  package var unit: UInt64 { profile.unitBytes }
  package var word: UInt64 { profile.wordBytes }
  package var headerBytes: UInt64 { UInt64(profile.header.bytes) }

  // MARK: Operations that must succeed

  package mutating func allocate(
    _ bytes: UInt64, _ type: PoolType = .nonPaged, tag: PoolTag = PoolTag("Test"),
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Address {
    let outcome = pool.allocate(type, bytes: bytes, tag: tag)
    guard case .address(let address) = outcome else {
      Issue.record("\(profile.name), \(bytes) bytes: \(outcome)", sourceLocation: sourceLocation)
      throw Failed()
    }
    return address
  }

  package mutating func free(
    _ address: Address, tag: PoolTag? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = pool.free(address, tag: tag)
    guard outcome == .freed else {
      Issue.record("\(profile.name): \(outcome)", sourceLocation: sourceLocation)
      throw Failed()
    }
  }

  package mutating func write(
    _ bytes: [UInt8], at address: Address, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = bytes.withUnsafeBytes { pool.write(address, $0) }
    guard outcome == .freed else {
      Issue.record("\(profile.name): \(outcome)", sourceLocation: sourceLocation)
      throw Failed()
    }
  }

  package mutating func write(word32 value: UInt32, at address: Address) throws {
    try write((0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }, at: address)
  }

  package mutating func write(pointer value: Address, at address: Address) throws {
    try write((0..<word).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }, at: address)
  }

  /// Requested bytes whose block has `units`.
  package func bytes(forUnits units: UInt64) -> UInt64 { units * unit - headerBytes }

  // MARK: Raw memory

  package func word32(
    _ address: Address, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> UInt32 {
    if let value = view.word32(address) { return value }
    Issue.record("nothing at 0x\(String(address, radix: 16))", sourceLocation: sourceLocation)
    throw Failed()
  }

  package func pointer(
    _ address: Address, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Address {
    if let value = view.pointer(address) { return value }
    Issue.record("nothing at 0x\(String(address, radix: 16))", sourceLocation: sourceLocation)
    throw Failed()
  }

  /// The header that lies at `address`, taken apart by the shape of its version.
  package func header(at address: Address) throws -> BlockHeader {
    BlockHeader(word: try word32(address), tag: try word32(address + 4), shape: .of(profile))
  }

  /// The header of the block whose body is at `address`.
  package func header(of address: Address) throws -> BlockHeader {
    try header(at: address - headerBytes)
  }

  /// The blocks of the page that holds `address`, in order.
  package func blocks(ofPageWith address: Address) throws -> [BlockHeader] {
    let page = address & ~(profile.pageBytes - 1)
    var offset: UInt64 = 0
    var blocks: [BlockHeader] = []
    while offset < profile.pageBytes {
      var header = try header(at: page + offset)
      header.offset = offset
      blocks.append(header)
      guard header.units != 0 else { break }
      offset += header.units * unit
    }
    return blocks
  }

  // MARK: Roots

  /// The descriptor of a pool, by its index.
  package func descriptor(_ kind: PoolKind, index: UInt32? = nil) throws -> DescriptorRoot {
    for root in view.descriptors where root.kind == kind && (index == nil || root.index == index) {
      return root
    }
    Issue.record("\(profile.name) has no descriptor \(kind)")
    throw Failed()
  }

  /// A 32-bit counter of a descriptor by its documented offset.
  package func counter(_ root: DescriptorRoot, _ offset: UInt64) throws -> UInt32 {
    try word32(root.address + offset)
  }

  /// Header addresses of the free blocks of `units`, from the head.
  package func freeList(_ kind: PoolKind, units: UInt64, index: UInt32? = nil) throws -> [Address] {
    let head = try descriptor(kind, index: index).listHeads + (units - 1) * 2 * word
    let mask: Address = profile.linkEncoding == .lowBitSet ? ~1 : ~0
    var entries: [Address] = []
    var entry = try pointer(head) & mask
    while entry != head, entries.count < 1000 {
      entries.append(entry - headerBytes)
      entry = try pointer(entry) & mask
    }
    return entries
  }
}

/// A block's header, decoded without the model's help.
package struct BlockHeader: Equatable {
  package var offset: UInt64 = 0
  package var previousUnits: UInt64
  package var index: UInt64
  package var units: UInt64
  package var type: UInt64
  package var tag: UInt32

  /// The published shapes of the first word.
  package enum Shape {
    case x86, x64, windows2000

    static func of(_ profile: Profile) -> Shape {
      if profile.header == .windows2000 { return .windows2000 }
      return profile.wordBytes == 8 ? .x64 : .x86
    }
  }

  package init(word: UInt32, tag: UInt32, shape: Shape) {
    let word = UInt64(word)
    self.tag = tag
    switch shape {
    case .x86:
      previousUnits = word & 0x1FF
      index = word >> 9 & 0x7F
      units = word >> 16 & 0x1FF
      type = word >> 25
    case .x64:
      previousUnits = word & 0xFF
      index = word >> 8 & 0xFF
      units = word >> 16 & 0xFF
      type = word >> 24
    case .windows2000:
      previousUnits = word & 0xFF
      index = word >> 8 & 0xFF
      type = word >> 16 & 0xFF
      units = word >> 24
    }
  }

  /// Offset, size, and A for allocated or f for free: `018:FE8f`.
  package func text(unit: UInt64) -> String {
    let place = String(offset, radix: 16, uppercase: true)
    let size = String(units * unit, radix: 16, uppercase: true)
    let padding = String(repeating: "0", count: max(0, 3 - place.count))
    return "\(padding)\(place):\(size)\(type == 0 ? "f" : "A")"
  }
}

extension HaltReason {
  /// The code and parameters of a bug check, nil for anything else.
  package var bugCheck: [UInt64]? {
    guard case .bugCheck(let check) = self else { return nil }
    let (first, second, third, fourth) = check.parameters
    return [UInt64(check.code), first, second, third, fourth]
  }
}

extension KernelPool.FreeOutcome {
  package var bugCheck: [UInt64]? {
    guard case .halted(let reason) = self else { return nil }
    return reason.bugCheck
  }
}

extension KernelPool.AllocationOutcome {
  package var bugCheck: [UInt64]? {
    guard case .halted(let reason) = self else { return nil }
    return reason.bugCheck
  }
}

extension Profile: CustomTestStringConvertible {
  /// The profile's name, so that a failed test says which version it was.
  public var testDescription: String { name }
}

extension String {
  /// Whether this is the name of Windows 8 or a later version.
  package var isWindows8On: Bool {
    ["windows-8", "windows-10"].contains { hasPrefix($0) }
  }
}

/// Profiles by the facts that set them apart.
package enum Profiles {
  /// Those whose pages differ from all others': 8.1 and 10 are as 8, Vista and 8 of 32 bits nearly
  /// as 7.
  package static let distinct: [Profile] = {
    let alike = [
      "windows-vista-x86", "windows-vista-x64", "windows-8-x86", "windows-8.1-x64",
      "windows-10-x64",
    ]
    return Profile.all.filter { !alike.contains($0.name) }
  }()

  /// All of them where everything is tested; otherwise the distinct ones and the first that has a
  /// descriptor of its own.
  package static let all =
    TestScale.isWhole
    ? Profile.all
    : Profile.all.filter { $0.name == "windows-vista-x86" || distinct.contains($0) }
  package static let x86 = all.filter { $0.wordBytes == 4 && $0.header == .x86 }
  package static let x64 = all.filter { $0.wordBytes == 8 }
  package static let windows = all.filter { !$0.name.hasPrefix("reactos") }
  package static let reactos = all.filter { $0.name.hasPrefix("reactos") }
  package static let vistaOn = all.filter { $0.nonPagedPages == .bitmap }
  package static let before7 = all.filter { $0.nonPagedPages == .runLists }
}
