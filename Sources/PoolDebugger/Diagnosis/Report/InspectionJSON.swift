import JSONLines

/// The JSON objects of `inspect`.
enum InspectionJSON {
  static func object(_ checked: CheckedListing) -> JSONValue {
    .object([
      ("source", .string(checked.listing.source)),
      ("line", .unsigned(UInt64(checked.listing.line))),
      ("kind", .string(checked.listing.kindName)),
      ("layout", .optional(checked.layout?.rawValue)),
      ("verdict", .string(checked.verdict.rawValue)),
      ("findings", .array(checked.findings.map(object))),
      ("blocks", .unsigned(UInt64(checked.blockCount))),
    ])
  }

  static func object(_ entries: [DiagnosisEntry]) -> JSONValue {
    .object([("diagnosis", .array(entries.map(object)))])
  }

  private static func object(_ finding: Finding) -> JSONValue {
    .object([
      ("rule", .string(finding.rule.rawValue)),
      ("address", .optional(finding.address.map { "0x" + Hexadecimal.text($0) })),
      ("text", .string(finding.text)),
      ("evidence", .array(finding.evidence.map { .string($0) })),
    ])
  }

  private static func object(_ entry: DiagnosisEntry) -> JSONValue {
    .object([
      ("verdict", .string(entry.verdict.rawValue)),
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
