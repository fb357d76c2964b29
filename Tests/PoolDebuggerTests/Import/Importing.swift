@testable import PoolDebugger

/// Runs an import over a text.
enum Importing {
  static func run(
    _ text: String, _ format: RecordedFormat, _ options: ImportOptions = ImportOptions()
  ) -> (trace: [String], summary: ImportSummary) {
    var importer = TraceImporter(format: format, options: options)
    var trace: [String] = []
    for line in LineSplitter.lines(of: text) {
      importer.read(line: line) { trace.append(String(decoding: $0, as: UTF8.self)) }
    }
    let summary = importer.finish { trace.append(String(decoding: $0, as: UTF8.self)) }
    return (trace, summary)
  }

  /// The operations alone, without configuration and comments.
  static func operations(
    _ text: String, _ format: RecordedFormat, _ options: ImportOptions = ImportOptions()
  ) -> [String] {
    run(text, format, options).trace.filter { !$0.hasPrefix("#") && !$0.hasPrefix("config") }
  }
}
