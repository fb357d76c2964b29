/// The recorded traces that `import` turns into the trace language.
public enum RecordedFormat: String, Sendable, CaseIterable {
  /// ETW pool events exported as CSV, by a header that names the columns (PoolTrace class events
  /// 32 to 35), or a table of lifetimes with a column for the time of the free.
  case etwCSV = "etw-csv"
  /// glibc's mtrace.
  case mtrace
  /// heaptrack's raw file, version 3.
  case heaptrack
  /// Linux kernel memory events as `trace-cmd report` or `perf script` print them.
  case kmem
  /// valgrind's `--trace-malloc=yes`.
  case valgrind
  /// The `.rep` files of the malloc lab of Computer Systems: A Programmer's Perspective.
  case malloclab
  /// Android's memory_replay.
  case memoryReplay = "memory-replay"
  /// jemalloc's utrace records as FreeBSD's kdump prints them.
  case utrace

  /// The format that a file's first lines belong to; nil when none of them is characteristic.
  public static func detect(_ lines: [[UInt8]]) -> RecordedFormat? {
    var numbersOnly = 0
    for line in lines {
      if let format = characteristic(ByteScanner(line)) { return format }
      var scanner = ByteScanner(line)
      scanner.skipBlanks()
      // Four header numbers precede the operations of a `.rep` file.
      if scanner.decimal() != nil, scanner.rest.isEmpty { numbersOnly += 1 }
      if numbersOnly >= 3, isMalloclabOperation(line) { return .malloclab }
    }
    return nil
  }

  private static func characteristic(_ line: ByteScanner) -> RecordedFormat? {
    var scanner = line
    if scanner.skip("= Start") { return .mtrace }
    if line.contains("<jemalloc>:utrace:") { return .utrace }
    if KmemReader.event(in: line) != nil { return .kmem }
    if ValgrindReader.call(in: line) != nil { return .valgrind }
    if MemoryReplayReader.action(in: line) != nil { return .memoryReplay }
    if HeaptrackReader.isVersionLine(line) { return .heaptrack }
    if EventTableReader.isHeader(line.bytes) { return .etwCSV }
    return nil
  }

  private static func isMalloclabOperation(_ line: [UInt8]) -> Bool {
    var scanner = ByteScanner(line)
    guard scanner.skip("a ") || scanner.skip("r ") || scanner.skip("f ") else { return false }
    return scanner.decimal() != nil
  }
}
