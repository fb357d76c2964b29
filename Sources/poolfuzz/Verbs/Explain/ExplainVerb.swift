import JSONLines
import KernelPool
import PoolDebugger

extension Verb {
  /// `poolfuzz explain`: a trace that fails, or where a request goes on each version.
  static let explain = Verb(
    name: "explain", operands: "TRACE | size BYTES",
    summary: "explains a trace that fails on one page, or where a request of a size goes",
    examples: [
      (
        "poolfuzz explain Corpus/regression/no-forward-merge.trace",
        "the rule and its source, the steps, the certificate, the cause, what to run next"
      ),
      ("poolfuzz explain size 0x1F0", "header, block, list, waste and lookaside class"),
      ("poolfuzz explain size 0xF18 --profile windows-7-x86", "the same on one system"),
    ],
    options: [.profile("with 'size': the system (all)")],
    run: { arguments, streams in
      if arguments.operands.count == 1 {
        guard !arguments.has("--profile") else {
          throw CommandFailure.usage("--profile goes with 'size'; a trace names its own system")
        }
        let explanation = try TraceExplanation(path: arguments.operands[0])
        if arguments.has("--json") {
          streams.print(explanation.json)
        } else {
          explanation.lines.forEach(streams.print)
        }
        return .held
      }
      guard arguments.operands.count == 2, arguments.operands[0] == "size" else {
        throw CommandFailure.usage(
          "explain takes a trace, or 'size' and a number of bytes; a system is --profile SYSTEM")
      }
      let bytes = try Quantity.bytes(0...(1 << 40)).value(
        of: arguments.operands[1], for: "the size")
      let explanation = SizeExplanation(
        bytes: bytes, profile: try arguments.value("--profile").map(Profile.chosen))
      guard arguments.has("--json") else {
        streams.print(bytes: Array(explanation.text.utf8))
        return .held
      }
      for row in explanation.rows { streams.print(json(row, bytes)) }
      return .held
    })

  private static func json(_ row: SizeExplanation.Row, _ bytes: UInt64) -> JSONValue {
    .object([
      ("bytes", .unsigned(bytes)), ("system", .string(row.system)), ("place", .string(row.place)),
      ("header_bytes", .unsigned(row.headerBytes)), ("block_bytes", .unsigned(row.blockBytes)),
      ("waste_bytes", .unsigned(row.wasteBytes)),
      ("list", row.list.map { .unsigned($0) } ?? .null), ("lookaside", .bool(row.hasLookaside)),
      ("doubt", .optional(row.doubt)),
      ("page_remainder_bytes", row.remainderBytes.map { .unsigned($0) } ?? .null),
    ])
  }
}
