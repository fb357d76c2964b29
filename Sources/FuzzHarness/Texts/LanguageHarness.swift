import PoolTrace

/// Fuzzes the parser of the trace language.
///
/// Its laws: no bytes crash it; what it reads does not depend on the pieces in which the bytes
/// arrive; and what it accepts, written out and read again, is the same, in the same text.
public final class LanguageHarness: FuzzHarness {
  private let isPlanted: Bool

  /// A harness; planted, the writer forgets the tags of frees.
  public init(isPlanted: Bool = false) { self.isPlanted = isPlanted }

  /// Runs an input.
  public func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding? {
    let text = Array(bytes)
    let whole = Self.items(text, portionBytes: .max)
    let pieces = Self.items(text, portionBytes: 7)
    guard whole == pieces else {
      return FuzzFinding(rule: "language.portions", text: "other items when read in pieces")
    }
    let operations = whole.compactMap { item -> Operation? in
      if case .operation(let operation) = item { operation } else { nil }
    }
    let written = TraceWriter.bytes(of: isPlanted ? operations.map(Self.withoutTag) : operations)
    let again = Self.items(written, portionBytes: .max)
    let expected = operations.map { TraceItem.operation($0) } + [.finished]
    guard again == expected else {
      let index = zip(again, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      let place = index ?? min(again.count, expected.count)
      return FuzzFinding(
        rule: "language.round-trip",
        text: "item \(place + 1) of what was written reads otherwise",
        trace: String(decoding: written, as: UTF8.self))
    }
    let rewritten = TraceWriter.bytes(of: operations)
    guard isPlanted || rewritten == written else {
      return FuzzFinding(rule: "language.normal-form", text: "written twice, the text differs")
    }
    return nil
  }

  private static func items(_ bytes: [UInt8], portionBytes: Int) -> [TraceItem] {
    var parser = TraceParser(.bytes(bytes, portionBytes: portionBytes))
    var items: [TraceItem] = []
    while true {
      let item = parser.next()
      items.append(item)
      if item == .finished { return items }
      if case .unreadable = item { return items }
    }
  }

  private static func withoutTag(_ operation: Operation) -> Operation {
    if case .free(let name, _) = operation { return .free(name, tag: nil) }
    return operation
  }
}
