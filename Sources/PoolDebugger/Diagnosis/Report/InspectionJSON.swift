import JSONLines

/// The JSON objects of `inspect`: stable names, documented in the manual, numbered by `version`.
enum InspectionJSON {
  /// Raised when a key changes its meaning or goes; new keys may come without.
  static let version: UInt64 = 1

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
      ("version", .unsigned(version)),
      ("outcome", .string(report.outcome.rawValue)),
      ("headline", .string(report.headline)),
      ("damaged", .array(report.damaged.map(object))),
      ("lines", .unsigned(UInt64(report.lines))),
      ("odd_lines", .unsigned(UInt64(report.oddityCount))),
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
