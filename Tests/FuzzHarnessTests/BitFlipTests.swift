import FuzzHarness
import KernelPool
import Testing

/// A flipped bit of what a pool relies on is noticed by a rule, or stands in the table of harmless ones;
/// `.ci/bitflips` flips them all in release.
@Suite struct BitFlipTests {
  private static let profiles: [Profile] = [.windows2003x86, .windows7x64, .reactosX64]

  @Test func everyFlipIsNoticedOrExplained() throws {
    let report = try FlipReport(Self.profiles, every: 1501)
    #expect(report.problems() == [])
    #expect(report.versions.count == Self.profiles.count)
    // A flip that nobody explains is told, with its place.
    let unexplained = report.problems(harmless: [:])
    #expect(unexplained.contains { $0.contains("descriptor, padding") && $0.contains("0x") })
  }

  @Test func noBitIsFlippedTwice() throws {
    for profile in Self.profiles {
      let flips = try BitFlips(profile)
      var seen: [Address: UInt64] = [:]
      for field in flips.fields where field.byteCount <= 8 {
        #expect((seen[field.address] ?? 0) & field.mask == 0, "\(field.name)")
        seen[field.address, default: 0] |= field.mask
      }
      #expect(Set(flips.fields.map(\.name)).count > 30)
    }
  }
}
