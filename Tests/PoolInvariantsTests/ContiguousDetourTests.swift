import KernelPool
import PoolTestSupport
import Testing

@testable import PoolInvariants

/// Contiguous requests that the pool served with frames that did not suit, took back, and mapped
/// elsewhere or not at all: nothing is left of them but counters.
@Suite("Contiguous requests that went through the pool")
struct ContiguousDetourTests {
  private static func configuration(_ profile: Profile) -> PoolConfiguration {
    var configuration = PoolConfiguration.small(profile, nonPagedPages: 96)
    configuration.maximumNonPagedPages = 96
    configuration.pagedPages = 32
    configuration.contiguousPages = 8
    configuration.trackerEntries = 64
    return configuration
  }

  /// Sizes around blocks and pages, none of them only whole pages.
  private static let sizes: [UInt64] = [1, 4080, 4097, 9001]

  @Test(
    "their books come out even, with room in the big-page table and without",
    arguments: Profiles.all, ContiguousRequest.allCases)
  func booksComeOutEven(_ profile: Profile, _ request: ContiguousRequest) throws {
    var configuration = Self.configuration(profile)
    configuration.profile.contiguousRequest = request
    var audited = try AuditedPool(configuration)
    for isFull in [false, true] {
      var held: [Address] = []
      while isFull, let address = audited.allocate(.nonPaged, 4096) { held.append(address) }
      if let last = held.popLast() { audited.free(last) }
      if let last = held.popLast() { audited.free(last) }
      for bytes in Self.sizes {
        // Below the pool's frames: the memory outside, as long as there is any; then nothing.
        let outside = audited.contiguous(bytes, highest: 0x2FF_FFFF)
        if let halted = audited.pool.halted {
          // Its page had no entry, so it could not be given back under its tag: ReactOS compares.
          try #require(isFull && profile.name == Profile.reactosX64.name)
          guard case .bugCheck(let bugCheck) = halted else {
            Issue.record("\(halted)")
            return
          }
          #expect(bugCheck.code == BugCheck.badPoolCaller)
          let tags = (bugCheck.parameters.2, bugCheck.parameters.3)
          #expect(tags == (UInt64(PoolTag("BIG ").word), UInt64(PoolTag("MmCm").word)))
          return
        }
        try Self.expectSound(&audited, "\(profile.name) \(bytes) outside")
        _ = audited.contiguous(bytes, highest: 0xFFFF)
        try Self.expectSound(&audited, "\(profile.name) \(bytes) nowhere")
        let inside = audited.contiguous(bytes)
        try Self.expectSound(&audited, "\(profile.name) \(bytes) inside")
        if let inside { audited.free(inside) }
        if let outside { audited.free(outside) }
        try Self.expectSound(&audited, "\(profile.name) \(bytes) freed")
      }
      for address in held { audited.free(address) }
      try Self.expectSound(&audited, "\(profile.name) all freed")
    }
  }

  private static func expectSound(
    _ audited: inout AuditedPool, _ what: String, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let cheap = audited.cheap().map(\.description)
    let complete = audited.full().map(\.description)
    try #require(
      complete == [] && cheap == [],
      "\(what): \(complete) \(cheap) \(audited.log.suffix(2))", sourceLocation: location)
  }
}
