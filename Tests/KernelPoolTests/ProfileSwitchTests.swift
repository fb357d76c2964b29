import Foundation
import KernelPool
import PoolTestSupport
import Testing

/// The defaults of what nobody has published, and that the manual's page names each switch.
@Suite struct ProfileSwitchTests {
  static func page() throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(
      contentsOf: root.appendingPathComponent("Sources/KernelPool/KernelPool.docc/Divergences.md"),
      encoding: .utf8)
  }

  @Test(arguments: [
    "storedPoolType", "smallRequestLimit", "lookasideDepthRule", "missRatioUnit", "deferredFrees",
    "deferredFreeType", "roundRobin", "fragmentRelease", "trackerOverflow", "bitmapSearch",
    "cacheAlignment", "poolIndexRule", "lookasideLinks", "tagCheck", "contiguousRequest",
    "largeQuota", "pageCounters", "entryChecks", "largeByteCount",
  ])
  func theManualNamesTheSwitch(_ name: String) throws {
    let page = try Self.page()
    #expect(page.contains("`\(name)`"))
  }

  /// Every profile has a value for every difference that the page lists: ten columns with text.
  @Test func theTableIsComplete() throws {
    let rows = try Self.page().split(separator: "\n").filter {
      $0.hasPrefix("| ") && $0.filter { $0 == "|" }.count == 11
    }
    #expect(rows.count > 30)
    for row in rows {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(cells.count == 10 && cells.allSatisfy { !$0.isEmpty }, "\(row)")
    }
  }

  /// Every fact has its source or its doubt, addresses apart, and the article counts them.
  @Test func everyFactRestsOnSomething() throws {
    let facts = Mirror(reflecting: Profile.windows7x64).children.compactMap(\.label)
      .filter { $0 != "name" && !$0.hasSuffix("Base") }
    let page = try Self.page()
    for profile in Profile.all {
      let evidence = profile.evidence
      #expect(evidence.map(\.fact).sorted() == facts.sorted())
      let published = evidence.count {
        if case .published = $0.evidence { true } else { false }
      }
      let doubts = profile.unverifiedFacts
      let row = [published, evidence.count - published - doubts, doubts]
        .map { "\($0)" }.joined(separator: " | ")
      #expect(page.contains("| `\(profile.name)` | \(row) |"), "\(profile.name) \(row)")
      #expect((doubts * 3 > evidence.count) == (profile == .windows2000x86))
    }
  }

  /// In what the later profiles differ from the ones they follow.
  @Test func whatLaterVersionsChange() {
    var vista = Profile.windowsVistax64
    #expect(vista.checks == .none && vista.descriptor == .windowsVistax64)
    (vista.name, vista.checks, vista.descriptor) = ("windows-7-x64", .neighbour, .windows7x64)
    #expect(vista == .windows7x64)
    var eight = Profile.windows8x86
    #expect(eight.quotaPointer == .lastSlotEncoded && eight.hasNoExecutePool)
    (eight.name, eight.quotaPointer, eight.hasNoExecutePool) = ("windows-7-x86", .lastSlot, false)
    (eight.poolIndexRule, eight.cacheAlignment) = (.descriptor, .typeOnly)
    #expect(eight == .windows7x86)
    for var later in [Profile.windows81x64, .windows10x64] {
      later.name = "windows-8-x64"
      #expect(later == .windows8x64)
    }
  }

  /// What lies below the system's lowest address is a user's, and no pool is.
  @Test(arguments: Profile.all)
  func everyPoolIsTheSystems(_ profile: Profile) {
    for base in [
      profile.nonPagedBase, profile.pagedBase, profile.sessionBase, profile.contiguousBase,
    ] {
      #expect(base >= profile.systemBase)
    }
  }

  @Test(arguments: Profiles.all)
  func defaultsOfWhatIsUnverified(_ profile: Profile) {
    let isReactos = profile.name.hasPrefix("reactos")
    let isNew = profile.nonPagedPages == .bitmap
    #expect(profile.storedPoolType == (isNew ? .orTwo : .plusOne))
    #expect(profile.smallRequestLimit == nil)
    #expect(profile.lookasideDepthRule == .fixed && profile.missRatioUnit == .fraction)
    #expect(profile.deferredFrees == isNew && profile.deferredFreeType == .inUse)
    #expect(profile.roundRobin == .advanceThenUse)
    #expect(profile.largeTail == (isNew ? .fragment : .wasted))
    #expect(profile.trackerOverflow == (isReactos ? .untracked : .lastSlot))
    #expect(profile.bitmapSearch == (isReactos ? .beforeLimit : .throughLimit))
    #expect((profile.cacheAlignment == .secondHeader) == (profile.name.isWindows8On))
    #expect((profile.poolIndexRule == .descriptorChecked) == (profile.name.isWindows8On))
    #expect(profile.lookasideLinks == .plain)
    #expect(profile.tagCheck == (isReactos ? .always : .protectedOnly))
    #expect(profile.contiguousRequest == .asGiven && profile.largeQuota == .uncharged)
    #expect(profile.pageCounters == (isReactos ? .notKept : .kept))
    #expect(profile.entryChecks == .none)
  }
}
