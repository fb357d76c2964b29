import JSONLines

/// The report of `inspect` as text: the answer, what was recognised, what was odd, what follows
/// from it and what to do, each once.
enum InspectionText {
  static func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

  static func head(_ report: InspectionReport) -> [String] {
    [report.headline] + sources(report) + damaged(report) + (report.tally.count > 0 ? [""] : [])
  }

  static func tail(_ report: InspectionReport) -> [String] {
    warnings(report) + conclusions(report) + remedies(report)
  }

  /// Which files the answer rests on, where it does not rest on all of them alike.
  private static func sources(_ report: InspectionReport) -> [String] {
    var lines: [String] = []
    if let (count, last) = report.seriesPlace, count > 1 {
      lines.append("Series of \(count) files, judged at the last: \(last)")
    }
    if !report.unreadSources.isEmpty {
      lines.append("Nothing was recognised in \(report.unreadSources.joined(separator: ", ")).")
    }
    return lines
  }

  /// What several findings together say is damaged, where that is more than each says by itself.
  private static func damaged(_ report: InspectionReport) -> [String] {
    guard report.tally.isNamedTwice else { return [] }
    let isWide = report.damaged.contains { ($0.address ?? 0) > 0xFFFF_FFFF }
    return DamagedPlace.sentence(report.damaged, isWide ? .bits64 : .bits32).map {
      "All together, " + $0
    }
  }

  static func listing(_ checked: CheckedListing) -> [String] {
    let place = "\(checked.listing.source):\(checked.listing.line)"
    let layout = checked.layout.map { ", \($0.rawValue)" } ?? ""
    let count = checked.blockCount > 0 ? ", \(checked.blockCount) \(unit(checked))" : ""
    let head = "\(place): \(title(checked.listing))\(layout)\(count): \(checked.verdict.rawValue)"
    return [head]
      + checked.findings.flatMap { finding in
        ["  \(finding.isWrong ? "!" : "-") \(finding.rule.rawValue): \(finding.text)"]
          + finding.evidence.map { "      \($0)" }
      }
  }

  private static func title(_ listing: Listing) -> String {
    switch listing.content {
    case .pool(let page), .poolInfoPage(let page):
      let address = page.pageAddress.map {
        " page " + Hexadecimal.address($0, page.blocks.first?.width)
      }
      return "!\(listing.kindName)\(address ?? "")" + (page.region.map { " (\($0))" } ?? "")
    case .poolFind(let find): return "!poolfind" + (find.tag.map { " \($0)" } ?? "")
    case .poolMonitor: return "PoolMon"
    case .tagTable: return "table of tags"
    case .bugCheck(let check):
      return check.code.map { "bug check 0x\(Hexadecimal.text($0))" } ?? "bug check without code"
    case .poolEmpty: return "event"
    case .memory: return "memory"
    case .header: return "header"
    case .messages: return "debugger messages"
    case .allocations(let list) where list.tool == .memProcFS: return "MemProcFS' list of the pool"
    default: return "!" + listing.kindName
    }
  }

  private static func unit(_ checked: CheckedListing) -> String {
    let name: String
    switch checked.listing.content {
    case .poolUsed, .poolMonitor, .tagTable: name = "tag"
    case .virtualMemory: name = "value"
    case .lookaside: name = "list"
    default: name = "block"
    }
    return checked.blockCount == 1 ? name : name + "s"
  }

  private static func warnings(_ report: InspectionReport) -> [String] {
    guard report.warningCount > 0 else { return [] }
    let hidden = report.warningCount - report.warnings.count
    return ["", "Odd lines (\(report.warningCount)):"]
      + report.warnings.map { "  \($0.description)" }
      + (hidden > 0 ? ["  and \(hidden) more"] : [])
  }

  /// What follows from the listings together; a listing's own finding stands beside it.
  private static func conclusions(_ report: InspectionReport) -> [String] {
    let entries = report.diagnosis.filter { !$0.isOfListing }
    guard !entries.isEmpty else { return [] }
    return ["", "Conclusions:"]
      + entries.flatMap { entry in
        ["  \(entry.verdict.isFinding ? "!" : "-") \(entry.verdict.rawValue): \(entry.text)"]
          + entry.evidence.map { "      \($0)" }
      }
  }

  /// Each remedy once, however many conclusions it follows from; far from a limit nothing need be
  /// done about it.
  private static func remedies(_ report: InspectionReport) -> [String] {
    var seen: Set<Guidance> = []
    let remedies = report.diagnosis.filter { $0.verdict != .limitDistance }.map(\.guidance)
      .filter { seen.insert($0).inserted }
    guard !remedies.isEmpty else { return [] }
    return ["", "What to do:"] + remedies.map { "  -> \($0.text) [\($0.source)]" }
  }
}

/// The JSON objects of `inspect`: stable names, documented in the manual.
enum InspectionJSON {
  static func object(_ checked: CheckedListing) -> JSONValue {
    var members: [(String, JSONValue)] = [
      ("source", .string(checked.listing.source)),
      ("line", .unsigned(UInt64(checked.listing.line))),
      ("kind", .string(checked.listing.kindName)),
      ("layout", .optional(checked.layout?.rawValue)),
      ("verdict", .string(checked.verdict.rawValue)),
      ("findings", .array(checked.findings.map(object))),
      ("blocks", .unsigned(UInt64(checked.blockCount))),
    ]
    if case .bugCheck(let check) = checked.listing.content {
      members.append(("bug_check", object(check)))
    }
    return .object(members)
  }

  static func summary(_ report: InspectionReport) -> JSONValue {
    .object([
      ("outcome", .string(report.outcome.rawValue)),
      ("headline", .string(report.headline)),
      ("damaged", .array(report.damaged.map(object))),
      ("lines", .unsigned(UInt64(report.lines))),
      ("odd_lines", .unsigned(UInt64(report.warningCount))),
      ("unread_sources", .array(report.unreadSources.map { .string($0) })),
      ("diagnosis", .array(report.diagnosis.map(object))),
    ])
  }

  private static func hexadecimal(_ value: UInt64?) -> JSONValue {
    .optional(value.map { "0x" + Hexadecimal.text($0) })
  }

  private static func object(_ check: BugCheckListing) -> JSONValue {
    let name = check.code.flatMap(BugCheckNames.name)
    let reading = check.code.map { BugCheckReading(source: "", line: 0, listing: check, code: $0) }
    return .object([
      ("code", hexadecimal(check.code)), ("name", .optional(name)),
      ("parameters", .array(check.parameters.map(hexadecimal))),
      ("words", .array((reading?.parameterWords ?? []).map { .string($0) })),
      ("tag", .optional(reading?.bucketTag)), ("driver", .optional(reading?.driver)),
      ("caller", .optional(StackReading(frames: check.frames).caller?.text)),
      ("pool_address", hexadecimal(reading?.poolAddress)),
    ])
  }

  private static func object(_ finding: Finding) -> JSONValue {
    .object([
      ("rule", .string(finding.rule.rawValue)),
      ("address", hexadecimal(finding.address)),
      ("text", .string(finding.text)),
      ("damaged", .array(finding.places.map(object))),
      ("evidence", .array(finding.evidence.map { .string($0) })),
    ])
  }

  private static func object(_ place: DamagedPlace) -> JSONValue {
    .object([("kind", .string(place.kind.rawValue)), ("address", hexadecimal(place.address))])
  }

  private static func object(_ entry: DiagnosisEntry) -> JSONValue {
    .object([
      ("verdict", .string(entry.verdict.rawValue)),
      ("finding", .bool(entry.verdict.isFinding)),
      ("tag", .optional(entry.tags.first?.description)),
      ("evidence", .array(entry.evidence.map { .string($0) })),
      ("guidance", .string(entry.guidance.text)),
      ("bytes", entry.bytes.map { .unsigned($0) } ?? .null),
      ("pool", .optional(entry.pool)),
      ("tags", .array(entry.tags.map { .string($0.description) })),
      ("text", .string(entry.text)),
      ("source", .string(entry.guidance.source)),
    ])
  }
}
