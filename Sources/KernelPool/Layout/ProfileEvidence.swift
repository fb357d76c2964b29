/// What stands behind a fact of a profile.
public enum Evidence: Sendable, Equatable {
  /// A public source says so of this version.
  case published(String)
  /// A public source says so of another version, and none that this one differs.
  case takenOver(String)
  /// No public source tells, or not which of two neighbouring versions this one agrees with.
  case unverified
}

extension Profile {
  /// What stands behind each fact, in the order of the table below. Addresses are left out: they
  /// place the model in memory and differ between two machines of one version.
  public var evidence: [(fact: String, evidence: Evidence)] {
    let version = name.split(separator: "-").dropFirst().joined(separator: "-")
    return Self.sources.flatMap { row in
      row.facts.split(separator: " ").map { (String($0), row.evidence(version)) }
    }
  }

  /// How many of its facts no source settles.
  public var unverifiedFacts: Int { evidence.count { $0.evidence == .unverified } }

  /// Sources of facts: of which versions each speaks, and for which nothing is known. All other
  /// versions take the fact over.
  private struct SourceRow {
    let facts: String
    let source: String
    /// Versions, as profile names have them without "windows"; "7" means both widths.
    let published: String
    let unverified: String

    init(_ facts: String, _ source: String, of published: String, not unverified: String = "") {
      self.facts = facts
      self.source = source
      self.published = published
      self.unverified = unverified
    }

    func evidence(_ version: String) -> Evidence {
      let width = version.suffix(3)
      func contains(_ list: String) -> Bool {
        list.split(separator: " ").contains {
          $0 == "all" || $0 == version || $0 + "-" + width == version || $0 == width
        }
      }
      // ReactOS is open and its recordings settle everything.
      guard width.count == 3, version.count > 3 else { return .published("ReactOS") }
      if contains(unverified) { return .unverified }
      return contains(published) ? .published(source) : .takenOver(source)
    }
  }

  private static let sources: [SourceRow] = [
    SourceRow("pageBytes wordBytes pageTableEntries", "processor manuals", of: "all"),
    SourceRow("unitBytes header", "symbols, Schuster", of: "2000 xp 2003 vista 7 8 10"),
    SourceRow("smallestBlockUnits smallestListedUnits", "size of a list entry", of: "all"),
    SourceRow(
      "smallRequestLimit", "kernel test", of: "2003-x86 vista 7 8.1 10", not: "2000"),
    SourceRow("firstList remainderEnd freedEnd", "Mandt", of: "7"),
    SourceRow(
      "storedPoolType", "symbols, Mandt, kernel test", of: "vista 7 8 8.1 10", not: "2000 xp 2003"),
    SourceRow("linkEncoding", "Mandt", of: "7"),
    SourceRow("checks", "Microsoft SRD, Mandt", of: "2000 xp 2003 vista 7"),
    SourceRow("tagCheck entryChecks", "", of: "", not: "all"),
    SourceRow("mustSucceed doubleFreeCheck", "Microsoft", of: "all"),
    SourceRow("poolIndexRule", "Mandt", of: "7", not: "8 8.1 10"),
    SourceRow(
      "cacheAlignment", "SSTIC", of: "10", not: "2000 xp 2003 vista 7 8-x86"),
    SourceRow(
      "quotaPointer", "kernel test, Mandt, SSTIC", of: "2003-x86 vista 7 8.1 10", not: "8-x86"),
    SourceRow("deferredFrees", "Mandt", of: "7", not: "2000 xp 2003 vista"),
    SourceRow("deferredFreeLimit", "Mandt", of: "7"),
    SourceRow("deferredFreeType", "", of: "", not: "all"),
    SourceRow("lookasideClasses", "Chappell, Mandt", of: "2000 xp 2003 vista 7 8"),
    SourceRow("sessionLookasideClasses", "Mandt", of: "7"),
    SourceRow("lookasideDepth lookasideMaximumDepth", "Mandt", of: "7"),
    SourceRow("lookasideDepthRule missRatioUnit", "", of: "", not: "all"),
    SourceRow("lookasideLinks", "Mandt", of: "7", not: "8 8.1 10"),
    SourceRow("sharedLookaside", "Chappell", of: "2000 xp 2003 vista 7 8"),
    SourceRow("largeTail", "Mandt", of: "7", not: "2000 xp 2003 vista"),
    SourceRow("fragmentRelease", "", of: "", not: "all"),
    SourceRow("untrackedLargeFree", "Microsoft", of: "7 8 8.1 10", not: "vista"),
    SourceRow("largeQuota", "kernel test", of: "2003-x86 vista 7 8.1 10"),
    SourceRow("contiguousRequest", "", of: "", not: "all"),
    SourceRow("bigTableResizing", "KB Q234578", of: "all"),
    SourceRow("bigEntryBytes", "symbols", of: "xp 2003 vista 7 8 8.1 10"),
    SourceRow("nonPagedPages singleListPages", "symbols, Mandt", of: "xp 2003 vista 7"),
    SourceRow("bitmapSearch pageCounters pageCountWidth pageOffsetWidth", "", of: "", not: "all"),
    SourceRow("pageFrameFlagsOffset", "symbols", of: "2003"),
    SourceRow("descriptor", "symbols", of: "xp 2003 vista 7 8", not: "2000 10"),
    SourceRow("pagedDescriptors", "Microsoft, Mandt", of: "2000 xp 2003 vista 7"),
    SourceRow("roundRobin", "", of: "", not: "all"),
    SourceRow("hasSessionPool", "Mandt", of: "7"),
    SourceRow("hasNoExecutePool", "Chappell, Microsoft", of: "all"),
    SourceRow("largeByteCount trackerOverflow", "", of: "", not: "all"),
    SourceRow("trackerRowBytes", "symbols", of: "xp 2003 vista 7 8"),
  ]
}
