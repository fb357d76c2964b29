import JSONLines

/// Writes a history as the text that the page's script reads.
///
/// The steps are one stream of numbers, seven bits a byte with the low ones first, in base64: for
/// each step the number of changed pages; for each of these its place, the first piece that goes,
/// how many go, how many come, and for each that comes its units and `tag * 16 + state`.
struct HistoryEncoder {
  private let history: PoolHistory

  init(_ history: PoolHistory) { self.history = history }

  /// The object of the page's data. Nothing in it can end the element that holds it.
  func text(
    about: String, warning: String, metrics: [(name: String, value: String)], boundNote: String
  ) -> String {
    let figures = history.steps.map(\.figures)
    let hasBound = figures.contains { $0.bound != nil }
    let members: [(String, JSONValue)] = [
      ("about", .string(about)), ("warning", .string(warning)),
      ("metrics", .array(metrics.map { .array([.string($0.name), .string($0.value)]) })),
      ("boundNote", .string(boundNote)), ("unitBytes", .unsigned(history.unitBytes)),
      ("unitsPerPage", .unsigned(history.unitsPerPage)),
      ("headerBytes", .unsigned(history.headerBytes)),
      ("digits", .integer(Int64(history.addressDigits))),
      ("operations", .unsigned(history.operations)),
      ("stride", .unsigned(history.operationsPerStep)),
      ("tags", .array(history.tags.map { .unsigned(UInt64($0)) })),
      ("pages", .array(history.pages.map(address))),
      ("held", differences(figures.map(\.held))), ("live", differences(figures.map(\.live))),
      ("bound", hasBound ? differences(figures.map { $0.bound ?? 0 }) : .null),
      ("lines", .string(history.steps.map(\.line).joined(separator: "\n"))),
      ("steps", .string(Base64.text(steps))),
    ]
    return ScriptText.harmless(JSONValue.object(members).textByMembers)
  }

  private func address(_ page: UInt64) -> JSONValue {
    .string(StripDrawing.hexadecimal(page, history.addressDigits))
  }

  /// Curves change little from step to step.
  private func differences(_ values: [UInt64]) -> JSONValue {
    var last: Int64 = 0
    return .array(
      values.map { value in
        // The script counts in doubles; what they cannot hold no pool can.
        let now = Int64(min(value, 1 << 53))
        defer { last = now }
        return .integer(now - last)
      })
  }

  private var steps: [UInt8] {
    var bytes: [UInt8] = []
    var contents = [PageContent](repeating: .empty, count: history.pages.count)
    for step in history.steps {
      let changes = step.changes.map { change in
        (change.page, change.content.splice(since: contents[change.page]))
      }
      Self.write(UInt64(changes.count), &bytes)
      for (page, splice) in changes {
        Self.write(UInt64(page), &bytes)
        Self.write(UInt64(splice.start), &bytes)
        Self.write(UInt64(splice.removed), &bytes)
        Self.write(UInt64(splice.inserted.count), &bytes)
        for piece in splice.inserted {
          Self.write(piece.units, &bytes)
          Self.write(UInt64(piece.tagIndex) << 4 | UInt64(piece.state.rawValue), &bytes)
        }
      }
      for change in step.changes { contents[change.page] = change.content }
    }
    return bytes
  }

  private static func write(_ number: UInt64, _ bytes: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
