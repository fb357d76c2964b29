/// The recorded traces that `import` turns into the trace language.
public enum RecordedFormat: String, Sendable, CaseIterable {
  /// ETW pool events exported as CSV, by a header that names the columns (PoolTrace class events
  /// 32 to 35), or a table of lifetimes with a column for the time of the free.
  case etwCSV = "etw-csv"
  /// glibc's mtrace.
  case mtrace
  /// heaptrack's file, raw (version 3) or interpreted.
  case heaptrack
  /// Linux kernel memory events as `trace-cmd report`, `perf script` or babeltrace print them.
  case kmem
  /// valgrind's `--trace-malloc=yes`.
  case valgrind
  /// The `.rep` files of the malloc lab of Computer Systems: A Programmer's Perspective.
  case malloclab
  /// Android's memory_replay.
  case memoryReplay = "memory-replay"
  /// jemalloc's utrace records as FreeBSD's kdump prints them.
  case utrace
  /// Values separated by commas or tabs under named columns: `op,id,size` and more.
  case csv
  /// Calls with their results, as ltrace prints them.
  case ltrace
  /// `ADDRESS SIZE` and `ADDRESS -`, as a one-liner of bpftrace prints them.
  case columns
  /// ESP-IDF's heap trace.
  case espHeap = "esp-heap"

  /// What a file of totals calls itself; nil for anything else. Totals say how much was in use at
  /// some times, but not what was allocated and freed, so that nothing can be replayed.
  public static func totals(in lines: [[UInt8]]) -> String? {
    let marks: [(StaticString, String)] = [
      ("\"dhatFileVersion\"", "dhat"), ("mem_heap_B=", "massif"), ("heap profile:", "gperftools"),
      ("heap_v2/", "jemalloc's heap profile"), ("heapprofd", "heapprofd"),
    ]
    for line in lines {
      let scanner = ByteScanner(line)
      for (mark, name) in marks where scanner.contains(mark) { return name }
    }
    return nil
  }

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
    if NamedColumnsReader.isHeader(line.bytes), !EventTableReader.namesEvents(line.bytes) {
      return .csv
    }
    if EventTableReader.isHeader(line.bytes) { return .etwCSV }
    if CallLogReader.call(in: line) != nil { return .ltrace }
    if TwoColumnReader.event(line) != nil { return .columns }
    if HeapTraceReader.allocation(line) != nil { return .espHeap }
    return nil
  }

  private static func isMalloclabOperation(_ line: [UInt8]) -> Bool {
    var scanner = ByteScanner(line)
    guard scanner.skip("a ") || scanner.skip("r ") || scanner.skip("f ") else { return false }
    return scanner.decimal() != nil
  }
}

/// What one line of a recording says happened.
enum RecordedEvent {
  /// An allocation; the key identifies the block until it is freed (mostly its address).
  case allocation(key: UInt64, bytes: UInt64, origin: Origin)
  case free(key: UInt64)
  /// A reallocation that gave `key`; `old` may be zero (an allocation) or the same.
  case reallocation(old: UInt64, key: UInt64, bytes: UInt64, origin: Origin)
  case dropped(DropReason)

  /// What is known of the one who allocates.
  struct Origin {
    /// The pool in the words of the trace language.
    var pool: String?
    var tag: ListedTag?
    /// The call site, from which a tag is made when there is none.
    var site: ArraySlice<UInt8>?
  }
}

/// Reads the lines of one recorded format.
protocol RecordedTraceReader {
  /// The first thing that a line says happened; nil for lines that say nothing and lose nothing.
  mutating func events(in line: ByteScanner) -> RecordedEvent?

  /// What else follows from the lines so far, one by one.
  mutating func following() -> RecordedEvent?

  /// The recording is over; `following` gives what is left.
  mutating func end()

  /// Lifetimes that did not come in the order of their begin.
  var outOfOrder: Int { get }
}

extension RecordedTraceReader {
  mutating func following() -> RecordedEvent? { nil }
  mutating func end() {}
  var outOfOrder: Int { 0 }
}

extension ByteScanner {
  /// A number with `0x` in hexadecimal, else decimal.
  mutating func number() -> UInt64? {
    if skip("0x") || skip("0X") { return hexadecimal() }
    return decimal()
  }

  /// A pointer as it is printed: hexadecimal with or without `0x`, or `(nil)`.
  mutating func pointer() -> UInt64? {
    if skip("(nil)") { return 0 }
    _ = skip("0x")
    return hexadecimal()
  }
}

/// What the few different words of a column mean, so that each is interpreted once.
///
/// A recording has millions of rows and a handful of event names and pool types; interpreting them
/// anew for each row was most of the time of an import.
struct WordCache<Meaning> {
  private var entries: [(word: [UInt8], meaning: Meaning)] = []
  /// More words are interpreted each time; a column with so many is none of words.
  private static var mostWords: Int { 32 }

  /// The meaning of a word, found out by `interpret` the first time.
  mutating func meaning(
    of word: ArraySlice<UInt8>, _ interpret: (ArraySlice<UInt8>) -> Meaning
  ) -> Meaning {
    for entry in entries where entry.word.elementsEqual(word) { return entry.meaning }
    let meaning = interpret(word)
    if entries.count < Self.mostWords { entries.append((Array(word), meaning)) }
    return meaning
  }
}
