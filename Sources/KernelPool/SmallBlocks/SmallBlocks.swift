// The allocator of small blocks, once for all versions. What a step does stands in the files of
// this folder: requests in Allocation.swift, the split rule in Splitting.swift, frees and coalescing
// in Release.swift, rings of free blocks in Lists.swift, and how a field is read and stored in
// Accessors.swift.
//
// It is compiled for each layout of blocks and each mode: layouts make widths and shifts constants
// of the machine code, modes leave out what nobody asked for. Instructions of an operation of the
// small churn on reactos-x64 without checks (`poolfuzz bench --only small --no-checks` under
// callgrind): with the layout read from the profile half as many again, with the mode asked at run
// time a quarter to a half.

/// Where a pool's state lies, for the pool's whole life.
typealias PoolPointer = UnsafeMutablePointer<PoolState>

/// The algorithm for blocks of one layout, in one mode, on the pool it points at.
///
/// It is a pointer and nothing else, so that passing it on costs nothing: what is done, is done to
/// the state behind it.
struct SmallBlocks<Layout: BlockLayout, Mode: PoolMode> {
  let pool: PoolPointer
}

/// The algorithm for every version, with planted bugs: it serves what the others leave to it.
typealias GeneralBlocks = SmallBlocks<ProfileLayout, Planted>

/// What an instance of the algorithm does besides the algorithm.
protocol PoolMode {
  /// True where a planted bug is asked for at each of its places.
  static var plantsBugs: Bool { get }
  /// True where stores are noted in the memory's journal.
  static func keepsJournal(_ pool: PoolPointer) -> Bool
}

/// Nothing.
enum Bare: PoolMode {
  @inline(__always) static var plantsBugs: Bool { false }
  @inline(__always) static func keepsJournal(_: PoolPointer) -> Bool { false }
}

/// Every store is noted.
enum Journaled: PoolMode {
  @inline(__always) static var plantsBugs: Bool { false }
  @inline(__always) static func keepsJournal(_: PoolPointer) -> Bool { true }
}

/// Bugs are planted, and stores are noted where there is a journal.
enum Planted: PoolMode {
  @inline(__always) static var plantsBugs: Bool { true }
  @inline(__always) static func keepsJournal(_ pool: PoolPointer) -> Bool {
    pool.pointee.memory.journal != nil
  }
}

/// A block by its header: the address in the machine, and in the host where all of the header and
/// of the links behind it lie in the memory's window.
struct Block {
  let address: Address
  let host: UnsafeMutableRawPointer?
}

/// An entry of a list, which is a free block's body or a list head, by its first link: the address
/// in the machine, and in the host where both links are known to be mapped.
struct ListEntry {
  let address: Address
  let host: UnsafeMutableRawPointer?
}

/// The instance that serves a pool's requests first.
enum BlockInstance {
  case x64, x86, windows2000
  case journaledX64, journaledX86, journaledWindows2000
  case general

  /// The instance for a machine; the general one where a bug is planted, where the user's layout is
  /// nobody's, or where a switch stands as it does on no known version.
  init(_ profile: Profile, _ mutant: Mutant) {
    if mutant != .none || !KnownSwitches.suit(profile) {
      self = .general
    } else if X64Layout.suits(profile) {
      self = .x64
    } else if X86Layout.suits(profile) {
      self = .x86
    } else {
      self = Windows2000Layout.suits(profile) ? .windows2000 : .general
    }
  }

  /// The instance that notes its stores besides.
  var journaled: BlockInstance {
    switch self {
    case .x64, .journaledX64: .journaledX64
    case .x86, .journaledX86: .journaledX86
    case .windows2000, .journaledWindows2000: .journaledWindows2000
    case .general: .general
    }
  }
}

extension KernelPool {
  /// Allocates memory as `ExAllocatePoolWithTag` does, or `ExAllocatePoolWithQuotaTag` where the
  /// type asks for quota.
  ///
  /// Sizes are in bytes; every size is allowed. Zero bytes get the smallest block.
  public mutating func allocate(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) -> AllocationOutcome {
    guard state.pointee.instance == .x64 else {
      guard state.pointee.instance == .x86 else {
        return allocateElsewhere(type, bytes: bytes, tag: tag)
      }
      return SmallBlocks<X86Layout, Bare>(pool: state).allocateApart(type, bytes: bytes, tag: tag)
    }
    return SmallBlocks<X64Layout, Bare>(pool: state).allocate(type, bytes: bytes, tag: tag)
  }

  @inline(never)
  private func allocateElsewhere(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) -> AllocationOutcome {
    switch state.pointee.instance {
    case .x64:
      SmallBlocks<X64Layout, Bare>(pool: state).allocateApart(type, bytes: bytes, tag: tag)
    case .x86:
      SmallBlocks<X86Layout, Bare>(pool: state).allocateApart(type, bytes: bytes, tag: tag)
    case .windows2000:
      SmallBlocks<Windows2000Layout, Bare>(pool: state)
        .allocateApart(type, bytes: bytes, tag: tag)
    case .journaledX64:
      SmallBlocks<X64Layout, Journaled>(pool: state).allocateApart(type, bytes: bytes, tag: tag)
    case .journaledX86:
      SmallBlocks<X86Layout, Journaled>(pool: state).allocateApart(type, bytes: bytes, tag: tag)
    case .journaledWindows2000:
      SmallBlocks<Windows2000Layout, Journaled>(pool: state)
        .allocateApart(type, bytes: bytes, tag: tag)
    case .general: allocateGenerally(type, bytes: bytes, tag: tag)
    }
  }

  /// Apart, for within the switch it made every other instance's call longer.
  @inline(never)
  private func allocateGenerally(
    _ type: PoolType, bytes: UInt64, tag: PoolTag
  ) -> AllocationOutcome {
    allocateSpecial(type, bytes: bytes, tag: tag)
      ?? GeneralBlocks(pool: state).allocateApart(type, bytes: bytes, tag: tag)
  }

  /// Frees an address as `ExFreePoolWithTag` does, or `ExFreePool` without a tag.
  ///
  /// Any address is allowed; a bad one ends as it would in the kernel.
  public mutating func free(_ address: Address, tag: PoolTag? = nil) -> FreeOutcome {
    // A tag of zero means no tag, as in the kernel.
    let tag = tag ?? PoolTag(word: 0)
    guard state.pointee.instance == .x64 else {
      guard state.pointee.instance == .x86 else { return freeElsewhere(address, tag) }
      return SmallBlocks<X86Layout, Bare>(pool: state).freeApart(address, tag)
    }
    return SmallBlocks<X64Layout, Bare>(pool: state).free(address, tag)
  }

  @inline(never)
  private func freeElsewhere(_ address: Address, _ tag: PoolTag) -> FreeOutcome {
    switch state.pointee.instance {
    case .x64: SmallBlocks<X64Layout, Bare>(pool: state).freeApart(address, tag)
    case .x86: SmallBlocks<X86Layout, Bare>(pool: state).freeApart(address, tag)
    case .windows2000: SmallBlocks<Windows2000Layout, Bare>(pool: state).freeApart(address, tag)
    case .journaledX64: SmallBlocks<X64Layout, Journaled>(pool: state).freeApart(address, tag)
    case .journaledX86: SmallBlocks<X86Layout, Journaled>(pool: state).freeApart(address, tag)
    case .journaledWindows2000:
      SmallBlocks<Windows2000Layout, Journaled>(pool: state).freeApart(address, tag)
    case .general: freeGenerally(address, tag)
    }
  }

  /// Apart, as `allocateGenerally`.
  @inline(never)
  private func freeGenerally(_ address: Address, _ tag: PoolTag) -> FreeOutcome {
    freeSpecial(address) ?? GeneralBlocks(pool: state).freeApart(address, tag)
  }

  /// Lets the general instance serve every request from now on: how tests compare the two.
  package mutating func useGeneralAlgorithmsOnly() { state.pointee.instance = .general }
}

extension SmallBlocks {
  /// True where this bug is planted.
  @inline(__always) func has(_ bug: Mutant) -> Bool {
    Mode.plantsBugs && pool.pointee.mutant == bug
  }

  /// Notes a branch that was taken.
  @inline(__always) func mark(_ mechanism: Mechanisms) {
    pool.pointee.mechanisms.rawValue |= mechanism.rawValue
  }

  /// Stops the kernel with a bug check.
  @inline(never)
  func bugCheck(
    _ code: UInt32, _ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0,
    _ fourth: UInt64 = 0
  ) -> Halt {
    pool.pointee.bugCheck(code, first, second, third, fourth)
  }
}
