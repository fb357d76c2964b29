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

  /// Every profile has a value for every difference that the page lists: nine columns with text.
  @Test func theTableIsComplete() throws {
    let rows = try Self.page().split(separator: "\n").filter {
      $0.hasPrefix("| ") && $0.filter { $0 == "|" }.count == 10
    }
    #expect(rows.count > 30)
    for row in rows {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      #expect(cells.count == 9 && cells.allSatisfy { !$0.isEmpty }, "\(row)")
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
    #expect((profile.cacheAlignment == .secondHeader) == (profile.name == "windows-8-x64"))
    #expect((profile.poolIndexRule == .descriptorChecked) == (profile.name == "windows-8-x64"))
    #expect(profile.lookasideLinks == .plain)
    #expect(profile.tagCheck == (isReactos ? .always : .protectedOnly))
    #expect(profile.contiguousRequest == .asGiven && profile.largeQuota == .uncharged)
    #expect(profile.pageCounters == (isReactos ? .notKept : .kept))
    #expect(profile.entryChecks == .none)
  }
}
