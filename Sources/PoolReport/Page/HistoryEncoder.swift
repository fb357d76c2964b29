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
    let members = [
      "\"about\":" + ScriptText.quoted(about),
      "\"warning\":" + ScriptText.quoted(warning),
      "\"metrics\":["
        + metrics.map { "[\(ScriptText.quoted($0.name)),\(ScriptText.quoted($0.value))]" }
        .joined(separator: ",") + "]",
      "\"boundNote\":" + ScriptText.quoted(boundNote),
      "\"unitBytes\":\(history.unitBytes)",
      "\"unitsPerPage\":\(history.unitsPerPage)",
      "\"headerBytes\":\(history.headerBytes)",
      "\"digits\":\(history.addressDigits)",
      "\"operations\":\(history.operations)",
      "\"stride\":\(history.operationsPerStep)",
      "\"tags\":" + list(history.tags.map(UInt64.init)),
      "\"pages\":[" + history.pages.map(address).joined(separator: ",") + "]",
      "\"held\":" + differences(figures.map(\.held)),
      "\"live\":" + differences(figures.map(\.live)),
      "\"bound\":" + (hasBound ? differences(figures.map { $0.bound ?? 0 }) : "null"),
      "\"lines\":" + ScriptText.quoted(history.steps.map(\.line).joined(separator: "\n")),
      "\"steps\":\"" + Base64.text(steps) + "\"",
    ]
    return "{" + members.joined(separator: ",\n") + "}"
  }

  private func address(_ page: UInt64) -> String {
    "\"" + StripDrawing.hexadecimal(page, history.addressDigits) + "\""
  }

  private func list(_ numbers: [UInt64]) -> String {
    "[" + numbers.map { String($0) }.joined(separator: ",") + "]"
  }

  /// Curves change little from step to step.
  private func differences(_ values: [UInt64]) -> String {
    var last: Int64 = 0
    let steps = values.map { value -> String in
      // The script counts in doubles; what they cannot hold no pool can.
      let now = Int64(min(value, 1 << 53))
      defer { last = now }
      return String(now - last)
    }
    return "[" + steps.joined(separator: ",") + "]"
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
