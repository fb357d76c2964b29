/// Converts a recorded trace to the trace language while it is read.
///
/// Feed it the recording line by line; every line of the trace goes to the sink as soon as it is
/// known. Nothing but the live blocks is kept, so recordings of any length pass through.
///
/// ```
/// var importer = TraceImporter(format: .kmem, options: ImportOptions())
/// splitter.push(bytes) { importer.read(line: $0, sink: write) }
/// let summary = importer.finish(sink: write)
/// ```
public struct TraceImporter {
  private var reader: any RecordedTraceReader
  private var emitter: TraceEmitter
  private let format: RecordedFormat
  private var hasStarted = false

  /// An importer for one recording.
  public init(format: RecordedFormat, options: ImportOptions) {
    self.format = format
    emitter = TraceEmitter(options: options)
    reader =
      switch format {
      case .etwCSV: EventTableReader()
      case .mtrace: MtraceReader()
      case .heaptrack: HeaptrackReader()
      case .kmem: KmemReader()
      case .valgrind: ValgrindReader()
      case .malloclab: MalloclabReader()
      case .memoryReplay: MemoryReplayReader()
      case .utrace: UtraceReader()
      case .csv: NamedColumnsReader()
      case .ltrace: CallLogReader()
      case .columns: TwoColumnReader()
      case .espHeap: HeapTraceReader()
      }
  }

  /// Reads the next line, without its line end; lines of the trace go to `sink`, without theirs.
  public mutating func read(line: [UInt8], sink: ([UInt8]) throws -> Void) rethrows {
    try start(sink: sink)
    emitter.summary.lines += 1
    var next = reader.events(in: ByteScanner(line))
    while let event = next {
      try emitter.write(event, sink: sink)
      next = reader.following()
    }
    emitter.summary.outOfOrder = reader.outOfOrder
  }

  /// Ends the recording.
  public mutating func finish(sink: ([UInt8]) throws -> Void) rethrows -> ImportSummary {
    try start(sink: sink)
    reader.end()
    while let event = reader.following() { try emitter.write(event, sink: sink) }
    return emitter.finish()
  }

  private mutating func start(sink: ([UInt8]) throws -> Void) rethrows {
    guard !hasStarted else { return }
    hasStarted = true
    try sink(Array("# imported from a recording (\(format.rawValue))".utf8))
    try sink(Array("config format=1".utf8))
  }
}
