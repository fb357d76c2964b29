import KernelPool
import PoolTestSupport
import Testing

/// Blocks charged to a process (ReactOS ExAllocatePoolWithQuotaTag; kmtests, CVE-2013-1300 and
/// Mandt for where Windows keeps the process; SSTIC 2020 for Windows 8).
@Suite struct QuotaTests {
  private func inHeader(_ profile: Profile) -> Bool {
    profile.wordBytes == 8 && !profile.name.hasPrefix("reactos")
  }

  @Test(arguments: Profiles.all)
  func whereTheProcessIs(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x40, .quota)
    let header = try test.header(of: block)
    let process = test.view.variables.process
    let place =
      inHeader(profile)
      ? block - 8 : block - test.headerBytes + header.units * test.unit - test.word
    let stored = try test.pointer(place)
    if profile.quotaPointer.isHidden {
      let mask = UInt64.max >> (64 - 8 * test.word)
      let header = block - test.headerBytes
      #expect(stored != process)
      #expect((stored ^ header) & mask != process, "the cookie hides it too")
      #expect((stored ^ test.view.variables.quotaCookie ^ header) & mask == process)
    } else {
      #expect(stored == process)
    }
    // The slot in the block comes on top of the request.
    let extra = inHeader(profile) ? 0 : test.word
    #expect(header.units == profile.units(forRequest: 0x40 + extra))
    #expect(test.view.variables.chargedBytes == (header.units * test.unit, 0))
    try test.free(block)
    #expect(test.view.variables.chargedBytes == (0, 0))
  }

  @Test(arguments: Profiles.all)
  func pagedQuotaIsChargedApart(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let block = try test.allocate(0x40, [.paged, .quota])
    let units = try test.header(of: block).units
    #expect(test.view.variables.chargedBytes == (0, units * test.unit))
    try test.free(block)
    #expect(test.view.variables.chargedBytes == (0, 0))
  }

  /// The charge is returned when a block goes to a lookaside; a later owner without quota pays
  /// nothing.
  @Test(arguments: Profiles.all)
  func lookasidesReturnTheCharge(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.lookasideDepth = 2 }
    let block = try test.allocate(0x38, .quota)
    let units = try test.header(of: block).units
    try test.free(block)
    #expect(test.view.variables.chargedBytes == (0, 0))
    let again = try test.allocate(test.bytes(forUnits: units))
    #expect(again == block)
    #expect(test.view.variables.chargedBytes == (0, 0))
    try test.free(again)
    #expect(test.view.variables.chargedBytes == (0, 0))
  }

  /// The largest request that is charged at all, and those that the pointer pushes over the limit
  /// of small blocks: 4077 to 4084 bytes on x86 are whole pages without a charge.
  @Test(arguments: Profiles.x86)
  func thresholdsOnX86(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let small = try test.allocate(4076, .quota)
    #expect(small & 0xFFF == 8)
    #expect(test.view.variables.chargedBytes.nonPaged == 511 * 8)
    let plain = try test.allocate(4077)
    #expect(plain & 0xFFF == 8, "without quota it is a small block")
    for bytes: UInt64 in [4077, 4084, 4085, 8192] {
      let large = try test.allocate(bytes, .quota)
      #expect(large & 0xFFF == 0)
      try test.free(large)
    }
    #expect(test.view.variables.chargedBytes.nonPaged == 511 * 8)
    try test.free(small)
    #expect(test.view.variables.chargedBytes == (0, 0))
  }

  /// On x64 with the process in the header the request stays as it is.
  @Test(arguments: [Profile.windows2003x64, .windows7x64, .windows8x64])
  func thresholdsOnX64(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let small = try test.allocate(4064, .quota)
    #expect(small & 0xFFF == 16)
    #expect(test.view.variables.chargedBytes.nonPaged == 255 * 16)
    for bytes: UInt64 in [4065, 4072, 4073] {
      let large = try test.allocate(bytes, .quota)
      #expect(large & 0xFFF == 0)
    }
    #expect(test.view.variables.chargedBytes.nonPaged == 255 * 16)
  }

  /// A smashed process pointer: 0xC2/0x0D with address, tag and pointer. A null pointer passes.
  @Test(arguments: Profiles.all)
  func aBadProcessStopsTheKernel(_ profile: Profile) throws {
    for value: Address in [0, 0x8050_0000] {
      var test = try TestPool(profile)
      let block = try test.allocate(0x40, .quota, tag: PoolTag("Quot"))
      let units = try test.header(of: block).units
      let place =
        inHeader(profile) ? block - 8 : block - test.headerBytes + units * test.unit - test.word
      let wrong = value == 0 ? 0 : test.view.descriptors[0].address
      try test.write(pointer: wrong, at: place)
      let outcome = test.pool.free(block)
      if value == 0 {
        #expect(outcome == .freed)
      } else {
        let found = outcome.bugCheck
        #expect(found?.prefix(4) == [0xC2, 0xD, block, UInt64(PoolTag("Quot").word)])
        if !profile.quotaPointer.isHidden { #expect(found?.last == wrong) }
      }
    }
  }

  /// Large allocations are not charged, unless the switch for the unsettled rule says so.
  @Test(arguments: Profiles.all.filter { $0.bigEntryBytes != 12 && $0.storedPoolType == .plusOne })
  func largeQuotaIsASwitch(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.profile.largeQuota = .charged }
    let large = try test.allocate(0x2800, [.paged, .quota])
    #expect(test.view.variables.chargedBytes == (0, 0x3000))
    let entries = try test.bigEntries()
    let place = test.view.variables.bigTable + entries[0].slot * profile.bigEntryBytes
    let process = try test.pointer(place + test.word + 8)
    #expect(process == test.view.variables.process)
    try test.free(large)
    #expect(test.view.variables.chargedBytes == (0, 0))
    let plain = try test.allocate(0x2800, .paged)
    try test.free(plain)
    #expect(test.view.variables.chargedBytes == (0, 0))
  }

  /// Entries without a place for the process cannot be charged.
  @Test(arguments: [Profile.windowsXPx86, .windows2000x86] + Profiles.vistaOn)
  func largeQuotaNeedsAPlace(_ profile: Profile) {
    #expect(throws: ConfigurationError.self) {
      _ = try TestPool(profile) { $0.profile.largeQuota = .charged }
    }
  }

  /// The raising form raises, the other returns nothing.
  @Test(arguments: Profiles.all)
  func failures(_ profile: Profile) throws {
    var test = try TestPool(profile)
    let quiet = test.pool.allocate(.quota, bytes: 1 << 30, tag: PoolTag("Quot"))
    let loud = test.pool.allocate([.quota, .raiseOnFailure], bytes: 1 << 30, tag: PoolTag("Quot"))
    #expect(quiet == .null && loud == .raised(0xC000_009A))
    #expect(test.view.variables.failures == 2)
    #expect(test.view.variables.chargedBytes == (0, 0))
  }
}
