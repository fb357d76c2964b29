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

/// What a recording leaves open.
public struct ImportOptions: Sendable, Hashable {
  /// What the recorded number of bytes means.
  public enum SizeMeaning: Sendable, Hashable {
    /// The bytes that were asked for.
    case requested
    /// The bytes of the block with its header, which is taken off again.
    case blockWithHeader(headerBytes: UInt64)
  }

  /// How slots (the names in the trace) are given out.
  public enum SlotNames: Sendable, Hashable {
    /// A freed slot's name is used again: the trace's memory follows the live blocks.
    case recycled
    /// Every allocation has a name of its own, so that deleting a line never joins two lifetimes.
    case unique
  }

  /// The pool for allocations of which the recording does not say it.
  public var pool = "NonPaged"
  /// The tag for allocations that have neither a tag nor a call site.
  public var tag = ListedTag("Rec ")
  /// What the recorded sizes mean.
  public var sizeMeaning = SizeMeaning.requested
  /// How slots are named.
  public var slotNames = SlotNames.recycled

  /// The defaults: nonpaged pool, requested sizes, recycled slots.
  public init() {}
}

/// What an import made of a recording.
public struct ImportSummary: Sendable, Hashable {
  /// Lines read.
  public internal(set) var lines = 0
  /// Allocations written.
  public internal(set) var allocations = 0
  /// Frees written.
  public internal(set) var frees = 0
  /// Frees that the recording lost: an address was given out again while still in use.
  public internal(set) var lostFrees = 0
  /// Lifetimes that were not in the order of their begin.
  public internal(set) var outOfOrder = 0
  /// The most blocks that lived at once.
  public internal(set) var peakLiveBlocks = 0
  /// Blocks still alive at the end.
  public internal(set) var liveBlocks = 0
  /// Call sites that share a tag with another one.
  var sharedTags = 0
  /// Lines left out, by reason.
  public internal(set) var dropped: [DropReason: Int] = [:]
  /// The first line left out for each reason, from 1.
  public internal(set) var firstDropped: [DropReason: Int] = [:]

  /// Operations written.
  public var operations: Int { allocations + frees }

  /// The summary as lines of text, in a fixed order.
  public var text: String {
    var lines = [
      "\(DecimalText.counted(self.lines, "line")): "
        + "\(DecimalText.counted(allocations, "allocation")), "
        + "\(DecimalText.counted(frees, "free")), "
        + "\(DecimalText.counted(peakLiveBlocks, "block")) alive at most, \(liveBlocks) at the end"
    ]
    if lostFrees > 0 { lines.append("\(DecimalText.counted(lostFrees, "free")) lost and put back") }
    if outOfOrder > 0 { lines.append("\(outOfOrder) lifetimes were out of order") }
    if sharedTags > 0 { lines.append("\(sharedTags) call sites share a tag with another one") }
    for reason in DropReason.allCases {
      guard let count = dropped[reason] else { continue }
      let first = firstDropped[reason].map { ", first on line \($0)" } ?? ""
      lines.append("\(count) left out: \(reason.rawValue)\(first)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Why a line of a recording does not appear in the trace.
public enum DropReason: String, Sendable, Hashable, CaseIterable {
  /// A free of a block that was allocated before the recording began.
  case allocatedBefore = "free of a block allocated before the recording"
  /// A free of the null pointer.
  case nullFree = "free of the null pointer"
  /// An allocation that failed.
  case failedAllocation = "failed allocation"
  /// The address is missing or was hidden by the kernel.
  case hiddenAddress = "no usable address"
  /// The number of bytes cannot be meant.
  case absurdSize = "absurd size"
  /// An event of another kind, or a line that describes the recording.
  case otherEvent = "other event"
  /// A line that does not follow the format.
  case unreadableLine = "unreadable line"
}
