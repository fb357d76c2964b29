/// What a virtual address comes to.
public enum Translation: Equatable, Sendable {
  /// It lies at this physical address.
  case mapped(UInt64)
  /// No memory was ever there, or it was given back.
  case notMapped
  /// It was written to the paging file.
  case pagedOut
  /// It is shared, and where it lies is said elsewhere.
  case prototype
  /// A page table on the way, at this physical page, is not in the dump.
  case tableAbsent(UInt64)
  /// No address of this machine.
  case notCanonical
}

/// How virtual addresses are taken apart.
public enum PageTableMode: Sendable {
  /// 32 bits, two levels.
  case x86
  /// 32 bits with wide entries, three levels.
  case physicalAddressExtension
  /// 64 bits, four levels.
  case x64

  /// Index bits of each level from the root: how far they are shifted and how many there are.
  var levels: [(shift: UInt64, bits: UInt64)] {
    switch self {
    case .x86: [(22, 10), (12, 10)]
    case .physicalAddressExtension: [(30, 2), (21, 9), (12, 9)]
    case .x64: [(39, 9), (30, 9), (21, 9), (12, 9)]
    }
  }

  var entryBytes: UInt64 { self == .x86 ? 4 : 8 }

  /// The bits of a valid entry, and of one in transition, that are a physical address.
  var frame: UInt64 {
    switch self {
    case .x86: 0xFFFF_F000
    case .physicalAddressExtension: 0xFF_FFFF_F000
    case .x64: 0xFFFF_FFFF_F000
    }
  }
  fileprivate var transitionFrame: UInt64 { self == .x64 ? 0x1FFF_FFFF_F000 : frame }

  /// The root, without the bits of its register that are no address.
  fileprivate func root(_ base: UInt64) -> UInt64 {
    switch self {
    case .x86: base & 0xFFFF_F000
    case .physicalAddressExtension: base & 0xFFFF_FFE0
    case .x64: base & 0xFFFF_FFFF_F000
    }
  }
}

extension DumpHeader {
  /// How the machine takes virtual addresses apart; nil where that is not known here (ARM64, Itanium).
  public var mode: PageTableMode? {
    switch machine {
    case 0x14C: hasWideTables == true ? .physicalAddressExtension : .x86
    case 0x8664: .x64
    default: nil
    }
  }
}

/// The kernel's address space of a dump, by its page tables.
///
/// Levels are fixed in number, so damaged tables that point at themselves cost nothing. Entries in
/// transition, whose page is still in memory, are followed at every level (as volatility3 does).
public struct AddressSpace<Source: DumpSource> {
  /// How addresses are taken apart.
  public let mode: PageTableMode
  let root: UInt64
  /// The physical memory behind.
  public let memory: PhysicalMemory<Source>

  /// The address space of page tables that begin at a physical address.
  public init(_ memory: PhysicalMemory<Source>, _ mode: PageTableMode, directoryBase: UInt64) {
    self.memory = memory
    self.mode = mode
    root = mode.root(directoryBase)
  }

  /// Where a virtual address lies.
  public func translate(_ address: UInt64) -> Translation {
    guard isCanonical(address) else { return .notCanonical }
    var table = root
    for (level, index) in mode.levels.enumerated() {
      let number = address >> index.shift & (1 << index.bits - 1)
      let place = table + number * mode.entryBytes
      guard let bytes = memory.bytes(at: place, count: Int(mode.entryBytes)) else {
        return .tableAbsent(place / 0x1000)
      }
      let fields = DumpFields(bytes: bytes)
      let entry = fields.word(0, is64Bit: mode.entryBytes == 8)
      let isLeaf = level == mode.levels.count - 1
      guard entry & 1 == 1 else {
        guard let next = transition(entry) else { return absence(entry) }
        table = next
        if isLeaf { return .mapped(next | address & 0xFFF) }
        continue
      }
      // Bit 7 of an inner entry: a large page (4 MB, 2 MB or 1 GB); the root has none.
      if !isLeaf, entry & 0x80 != 0, mode == .x86 || level > 0 {
        let mask = UInt64(1) << index.shift - 1
        return .mapped(entry & mode.frame & ~mask | address & mask)
      }
      table = entry & mode.frame
    }
    return .mapped(table | address & 0xFFF)
  }

  /// Bytes from a virtual address on, as far as they are mapped and in the dump, at most so many.
  public func bytes(at address: UInt64, most count: Int) -> [UInt8] {
    var found: [UInt8] = []
    var next = address
    while found.count < count, case .mapped(let physical) = translate(next) {
      let taken = min(count - found.count, Int(0x1000 - physical & 0xFFF))
      guard let bytes = memory.bytes(at: physical, count: taken) else { break }
      found += bytes
      guard next <= UInt64.max - UInt64(taken) else { break }
      next += UInt64(taken)
    }
    return found
  }

  private func isCanonical(_ address: UInt64) -> Bool {
    switch mode {
    case .x86, .physicalAddressExtension: address <= 0xFFFF_FFFF
    case .x64: address >> 47 == 0 || address >> 47 == 0x1_FFFF
    }
  }

  /// The page of an entry in transition: bit 11 set, bit 10 clear.
  func transition(_ entry: UInt64) -> UInt64? {
    entry & 0xC00 == 0x800 ? entry & mode.transitionFrame : nil
  }

  private func absence(_ entry: UInt64) -> Translation {
    if entry & 0x400 != 0 { return .prototype }
    return entry == 0 ? .notMapped : .pagedOut
  }
}
