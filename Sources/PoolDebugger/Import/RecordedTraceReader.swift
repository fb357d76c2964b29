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
