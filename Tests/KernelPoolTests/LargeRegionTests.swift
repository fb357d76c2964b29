import KernelPool
import PoolTestSupport
import PoolTrace
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Regions of many gigabytes, reserved as addresses and committed page by page.
@Suite(.serialized) struct LargeRegionTests {
  static let pages: UInt64 = (16 << 30) >> 12

  private func pool(_ profile: Profile, pages: UInt64 = pages) throws -> TestPool {
    try TestPool(
      profile,
      {
        $0.nonPagedPages = pages
        $0.initialisation = .kernel
        $0.singlePageDepth = 4
      }, reserve: MappedMemory.reserve)
  }

  /// Bytes of this process that lie in memory, nil where the system does not tell.
  private func residentBytes() -> UInt64? {
    guard let file = fopen("/proc/self/statm", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, 256, file) != nil else { return nil }
    let text = String(
      decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let fields = text.split(separator: " ")
    return fields.count > 1 ? UInt64(fields[1]).map { $0 * 4096 } : nil
  }

  @Test(arguments: TestScale.sample([Profile.windows7x64, .windows2003x64], 1))
  func sixteenGigabytes(_ profile: Profile) throws {
    let before = residentBytes()
    var test = try pool(profile)
    var blocks: [Address] = []
    for bytes: UInt64 in [0x20, 0xF10, 0x1800, 0x10_0000, 0x4_0000_0000 - 0x4000_0000] {
      blocks.append(try test.allocate(bytes))
    }
    try test.write([1, 2, 3, 4], at: blocks[4])
    for block in blocks { try test.free(block) }
    let all = try test.allocate(0x20)
    try test.free(all)
    if let before, let after = residentBytes() {
      // Other tests run beside this one; the region itself has 16384 MiB.
      #expect(after < before + 512 << 20)
    }
  }

  /// No bytes lie nowhere: a range of none has no last page that could be looked up.
  @Test func rangeOfNoBytes() throws {
    let test = try pool(.windows2003x64, pages: 64)
    let base = test.profile.nonPagedBase
    for address in [base, base + 8, base + 63 << 12] {
      #expect(test.view.bytes(at: address, count: 0) == nil)
      #expect(test.view.bytes(at: address, count: 1) != nil)
    }
  }

  /// Untouched pages of the first free run carry its stamp when somebody looks.
  @Test func untouchedPagesShowTheirStamp() throws {
    let test = try pool(.windows2003x64)
    let base = test.profile.nonPagedBase
    for page: UInt64 in [1, 12345, 1 << 20, 3 << 20, Self.pages - 100] {
      let stamp = try test.stamp(base + page << 12)
      #expect(stamp == [0x4152_4D33, base])
      let link = try test.pointer(base + page << 12)
      #expect(link == 0)
    }
    let runs = try test.freeRuns(4)
    #expect(runs.map(\.address) == [base])
    #expect(runs[0].pages > Self.pages - 200)
  }

  /// A freed run of untouched pages commits none of them; they show their new owner when somebody
  /// looks, and touched ones at once.
  @Test func freedPagesShowTheirNewOwner() throws {
    var test = try pool(.windows2003x64)
    let base = test.profile.nonPagedBase
    let upper = try test.allocate(1 << 30)
    let pin = try test.allocate(0x2000)
    let lower = try test.allocate(1 << 30)
    for page: UInt64 in [500, 1024] { try test.write([1], at: upper + page << 12) }
    try test.free(upper)
    for page: UInt64 in [0, 1, 499, 500, 501, 1024, 1025, 1 << 17] {
      let stamp = try test.stamp(upper + page << 12)
      #expect(stamp == [0x4152_4D33, upper])
    }
    try test.free(lower)
    let joined = try test.stamp(lower + 77 << 12)
    #expect(joined == [0x4152_4D33, base], "joined the run before it")
    try test.free(pin)
    for page: UInt64 in [1, 700, (1 << 18) - 1] {
      let stamp = try test.stamp(upper + page << 12)
      #expect(stamp == [0x4152_4D33, base], "its run was taken in")
    }
    let runs = try test.freeRuns(4)
    #expect(runs.map(\.address) == [base])
  }

  /// A write to an untouched page leaves the rest of its stamp.
  @Test func writesMeetTheStamp() throws {
    var test = try pool(.windows2003x64)
    let page = test.profile.nonPagedBase + 1 << 33
    try test.write([0xEE], at: page + 0x14)
    let word = try test.word32(page + 0x14)
    #expect(word == 0x4152_4DEE)
  }

  /// ReactOS computes byte offsets of pages in 32 bits: above 2^20 pages its tables are misplaced.
  @Test func reactosMisplacesItsTables() throws {
    for (pages, page) in [(1_048_700, 0x67), (1_048_500, 0xFFF9F)] as [(UInt64, UInt64)] {
      let test = try TestPool(
        .reactosX64,
        {
          $0.nonPagedPages = pages
          $0.trackerEntries = 0
          $0.initialisation = .kernel
        }, reserve: MappedMemory.reserve)
      #expect(test.view.variables.trackerTable == test.profile.nonPagedBase + page << 12)
    }
  }
}
