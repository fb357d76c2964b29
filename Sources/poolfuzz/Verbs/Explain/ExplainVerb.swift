import JSONLines
import PoolDebugger

extension Verb {
  /// `poolfuzz explain`: where a request goes on each version.
  static let explain = Verb(
    name: "explain", operands: "size BYTES",
    summary: "says where a request of a size goes on each version",
    examples: [
      ("poolfuzz explain size 0x1F0", "header, block, list, waste and lookaside class")
    ],
    options: [],
    run: { arguments, streams in
      guard arguments.operands.count == 2, arguments.operands[0] == "size" else {
        throw CommandFailure.usage("explain takes 'size' and a number of bytes")
      }
      let bytes = try Quantity.bytes(0...(1 << 40)).value(
        of: arguments.operands[1], for: "the size")
      let explanation = SizeExplanation(bytes: bytes)
      guard arguments.has("--json") else {
        streams.print(bytes: Array(explanation.text.utf8))
        return .held
      }
      for row in explanation.rows { streams.print(json(row, bytes).text) }
      return .held
    })

  private static func json(_ row: SizeExplanation.Row, _ bytes: UInt64) -> JSONValue {
    .object([
      ("bytes", .unsigned(bytes)), ("system", .string(row.system)), ("place", .string(row.place)),
      ("header_bytes", .unsigned(row.headerBytes)), ("block_bytes", .unsigned(row.blockBytes)),
      ("waste_bytes", .unsigned(row.wasteBytes)),
      ("list", row.list.map { .unsigned($0) } ?? .null), ("lookaside", .bool(row.hasLookaside)),
      ("doubt", .optional(row.doubt)),
    ])
  }
}
