/// The JSON objects of `inspect`.
enum InspectionJSON {
  static func object(_ checked: CheckedListing) -> JSONText {
    .object([
      ("source", .string(checked.listing.source)),
      ("line", .integer(UInt64(checked.listing.line))),
      ("kind", .string(checked.listing.kindName)),
      ("layout", .optional(checked.layout?.rawValue)),
      ("verdict", .string(checked.verdict.rawValue)),
      ("findings", .array(checked.findings.map(object))),
      ("blocks", .integer(UInt64(checked.blockCount))),
    ])
  }

  static func object(_ entries: [DiagnosisEntry]) -> JSONText {
    .object([("diagnosis", .array(entries.map(object)))])
  }

  private static func object(_ finding: Finding) -> JSONText {
    .object([
      ("rule", .string(finding.rule.rawValue)),
      ("address", .optional(finding.address.map { "0x" + Hexadecimal.text($0) })),
      ("text", .string(finding.text)),
      ("evidence", .array(finding.evidence.map { .string($0) })),
    ])
  }

  private static func object(_ entry: DiagnosisEntry) -> JSONText {
    .object([
      ("verdict", .string(entry.verdict.rawValue)),
      ("tag", .optional(entry.tags.first?.description)),
      ("evidence", .array(entry.evidence.map { .string($0) })),
      ("guidance", .string(entry.guidance.text)),
      ("bytes", entry.bytes.map { .integer($0) } ?? .null),
      ("pool", .optional(entry.pool)),
      ("tags", .array(entry.tags.map { .string($0.description) })),
      ("text", .string(entry.text)),
      ("source", .string(entry.guidance.source)),
    ])
  }
}
