import KernelPool
import Testing

/// A pool for tests, with the few operations that they need.
struct PoolFixture: ~Copyable {
  var pool: KernelPool

  /// A pool of a profile on a small machine without tables of its own in it.
  init(
    _ profile: Profile, nonPagedPages: UInt64 = 16, lookasideDepth: UInt16? = 0,
    initialisation: Initialisation = .none, _ change: (inout PoolConfiguration) -> Void = { _ in }
  ) throws {
    var configuration = PoolConfiguration(profile: profile)
    configuration.nonPagedPages = nonPagedPages
    configuration.pagedPages = nonPagedPages
    configuration.sessionPages = 16
    // Small tables, because tests without optimisation read them often.
    configuration.bigTableEntries = 64
    configuration.trackerEntries = 256
    configuration.lookasideDepth = lookasideDepth
    configuration.initialisation = initialisation
    change(&configuration)
    // Clear of the bitmaps, wherever the profile puts them.
    configuration.profile.sessionBase =
      profile.wordBytes == 4 ? 0xC000_0000 : profile.sessionBase
    pool = try KernelPool.boot(configuration)
  }

  var view: PoolView { pool.view }

  /// Allocates; a request that fails is a failed test.
  mutating func allocate(
    _ bytes: UInt64, _ tag: PoolTag, _ type: PoolType = .nonPaged,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Address {
    let outcome = pool.allocate(type, bytes: bytes, tag: tag)
    guard case .address(let address) = outcome else {
      Issue.record("\(bytes) bytes: \(outcome)", sourceLocation: sourceLocation)
      throw Failed()
    }
    return address
  }

  /// Frees; a stop of the kernel is a failed test.
  mutating func free(_ address: Address, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(pool.free(address, tag: nil) == .freed, sourceLocation: sourceLocation)
  }

  /// Stores bytes as a driver's bug would.
  mutating func write(_ address: Address, _ bytes: [UInt8]) {
    let outcome = bytes.withUnsafeBytes { pool.write(address, $0) }
    #expect(outcome == .freed)
  }

  /// A page with a free front of `front` bytes, one small live block, and a free rest, as the three
  /// pages of the story have it; sizes are block sizes.
  mutating func makePinnedPage(
    front: UInt64, _ frontTag: PoolTag, pin: UInt64, _ pinTag: PoolTag, _ restTag: PoolTag
  ) throws {
    let header = UInt64(view.profile.header.bytes)
    let rest = view.profile.pageBytes - front - pin
    let first = try allocate(front - header, frontTag)
    let last = try allocate(rest - header, restTag)
    _ = try allocate(pin - header, pinTag)
    free(first)
    free(last)
  }

  struct Failed: Error {}
}

/// Windows 2003 x86 with its nonpaged pool at `base`, so that the first fresh page is the one that a
/// listing shows: pages come from the end of the initial run.
func windows2003(lastPage: Address, pages: UInt64 = 16) -> Profile {
  var profile = Profile.windows2003x86
  profile.nonPagedBase = lastPage &- (pages - 1) * profile.pageBytes
  profile.expansionBase = nil
  return profile
}

/// A small generator with an explicit seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
