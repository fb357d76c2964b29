import PoolTrace

/// Everything that a parser finds in a source, with the lines it was found on.
struct ItemList {
  var items: [TraceItem] = []
  var lines: [UInt64] = []

  init(
    _ source: TraceSource, stream: TraceParser.Stream = .oneTrace,
    longestLineBytes: Int = TraceParser.longestLineBytes
  ) {
    var parser = TraceParser(source, stream: stream, longestLineBytes: longestLineBytes)
    while true {
      let item = parser.next()
      items.append(item)
      lines.append(parser.line)
      switch item {
      case .finished, .unreadable: return
      default: continue
      }
    }
  }

  var failures: [TraceError] {
    items.compactMap { item in
      if case .failure(let error) = item { error } else { nil }
    }
  }

  var operations: [Operation] {
    items.compactMap { item in
      if case .operation(let operation) = item { operation } else { nil }
    }
  }
}
