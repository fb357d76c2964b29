/// Bug checks in the forms in which people paste them.
///
/// One rule covers most: a code, then four hexadecimal numbers with any separators, after markup is
/// stripped. The rest are the debugger's own lines, a parameter or a field each.
enum BugCheckLine {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    guard line.bytes.count <= PlainText.mostBytes else { return nil }
    var scanner = ByteScanner(PlainText.strip(line.bytes))
    scanner.skipBlanks()
    if let first = StackLine.start(scanner) { return .stack(first) }
    if let event = event(line) { return event }
    return field(scanner) ?? parameter(scanner) ?? list(scanner) ?? code(scanner)
      ?? title(scanner) ?? stopName(scanner) ?? row(line) ?? vector(scanner)
      ?? poolEmpty(scanner)
  }

  // MARK: - Four numbers at once

  /// `BugCheck C2, {7, ...}`, `STOP: 0x19 (0x20,...)`, `Bugcheck code: 0x19 (...)`, the sentence of
  /// event 1001, or the four numbers alone on their line.
  private static func list(_ line: ByteScanner) -> RecognisedLine? {
    for open in line.bytes.indices where line.bytes[open] == 0x28 || line.bytes[open] == 0x7B {
      var scanner = ByteScanner(line.bytes, at: open + 1)
      guard let (values, isWhole) = fourNumbers(&scanner) else { continue }
      guard let (code, digits) = codeBefore(open, in: line.bytes) else {
        let isAlone = line.bytes[..<open].allSatisfy { $0 == 0x20 }
        if isAlone, isWhole { return .bugCheckParameters(values) }
        continue
      }
      let isMeant =
        hasContext(line) || digits >= 8 || BugCheckNames.name(of: code) != nil && isWhole
      guard isMeant, code <= 0xFFFF_FFFF else { continue }
      guard isWhole else { return .odd("a bug check with fewer than four parameters") }
      var listing = BugCheckListing(code: code)
      for (index, value) in values.enumerated() {
        _ = listing.note(value.value, at: index, digits: value.digits)
      }
      _ = scanner.skip("}") || scanner.skip(")")
      listing.remark = scanner.rest
      return .bugCheck(listing)
    }
    return nil
  }

  typealias Number = (value: UInt64, digits: Int)

  /// Up to four numbers in brackets; nil when there is not even one with a comma behind it.
  private static func fourNumbers(
    _ scanner: inout ByteScanner
  ) -> (values: [PrintedNumber], isWhole: Bool)? {
    var values: [PrintedNumber] = []
    while values.count < 4 {
      skipSeparators(&scanner)
      guard let number = number(&scanner) else { break }
      values.append(number)
    }
    if values.count == 4 {
      scanner.skipBlanks()
      let isClosed = scanner.isAtEnd || scanner.next == 0x29 || scanner.next == 0x7D
      return isClosed ? (values, true) : nil
    }
    return values.count >= 2 ? (values, false) : nil
  }

  private static func skipSeparators(_ scanner: inout ByteScanner) {
    while let byte = scanner.next, [0x20, 0x2C, 0x3B].contains(byte) { scanner.position += 1 }
  }

  /// A hexadecimal number that ends at a separator: what ends in anything else is no number.
  private static func number(_ scanner: inout ByteScanner) -> PrintedNumber? {
    var attempt = scanner
    _ = attempt.skip("0x") || attempt.skip("0X")
    guard let (value, digits) = attempt.hexadecimalDigits() else { return nil }
    _ = attempt.skip(0x68)
    if let next = attempt.next, ![0x20, 0x2C, 0x3B, 0x29, 0x7D, 0x22, 0x2E].contains(next) {
      return nil
    }
    scanner = attempt
    return PrintedNumber(value: value, digits: digits)
  }

  /// The hexadecimal word in front of the bracket.
  private static func codeBefore(_ open: Int, in bytes: [UInt8]) -> Number? {
    var end = open
    while end > 0, [0x20, 0x2C, 0x3A].contains(bytes[end - 1]) { end -= 1 }
    var start = end
    while start > 0, ByteScanner.hexadecimalDigit(bytes[start - 1]) != nil { start -= 1 }
    var scanner = ByteScanner(bytes, at: start)
    guard start < end, let (value, digits) = scanner.hexadecimalDigits() else { return nil }
    if start > 0 {
      let isPrefixed = start > 1 && bytes[start - 1] | 0x20 == 0x78 && bytes[start - 2] == 0x30
      guard isPrefixed || [0x20, 0x3A, 0x3D].contains(bytes[start - 1]) else { return nil }
    }
    return (value, digits)
  }

  private static func hasContext(_ line: ByteScanner) -> Bool {
    let lower = ByteScanner(line.bytes.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 })
    for phrase: StaticString in ["bug check", "stop", "fatal system error", "bugcode"]
    where lower.contains(phrase) {
      return true
    }
    return false
  }

  // MARK: - The debugger's lines

  private static let fieldNames: [StaticString] = [
    "FAILURE_BUCKET_ID", "BUGCHECK_STR", "MODULE_NAME", "IMAGE_NAME", "SYMBOL_NAME",
    "FREED_POOL_TAG", "POOL_ADDRESS", "PROCESS_NAME", "Key", "Value",
  ]

  private static func field(_ line: ByteScanner) -> RecognisedLine? {
    for name in fieldNames {
      var scanner = line
      guard scanner.skip(name), scanner.skip(" :") else { continue }
      let value = scanner.rest
      guard !value.isEmpty, value.utf8.count <= 256 else { return nil }
      return .bugCheckField(name: name.description, value: value)
    }
    var scanner = line
    // Kernel-Power 41 prints the code in decimal, and the parameters in hexadecimal.
    if scanner.skip("BugcheckCode") {
      _ = scanner.skip(" :")
      scanner.skipBlanks()
      guard let code = scanner.decimal(), scanner.rest.isEmpty, code > 0 else { return nil }
      return .bugCheckCode(code)
    }
    for name: StaticString in ["BUGCHECK_CODE:", "BCCode:", "Bugcheck code 0", "Bugcheck code :"] {
      scanner = line
      guard scanner.skip(name) else { continue }
      scanner.skipBlanks()
      guard let code = number(&scanner), scanner.rest.isEmpty else { return nil }
      return .bugCheckCode(code.value)
    }
    return nil
  }

  /// `<Data Name="BugcheckCode">25</Data>` of the same event as XML, whole on a line or one by one.
  private static func event(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard scanner.seek("Name=\"Bugcheck") else { return nil }
    var listing = BugCheckListing(code: nil)
    var last: RecognisedLine?
    scanner = line
    while scanner.seek("Name=\"Bugcheck") {
      if scanner.skip("Code\">"), let code = scanner.decimal(), code > 0 {
        listing.code = code
        last = .bugCheckCode(code)
      } else if scanner.skip("Parameter"), let index = scanner.decimal(), (1...4).contains(index),
        scanner.skip("\">")
      {
        _ = scanner.skip("0x")
        guard let (value, digits) = scanner.hexadecimalDigits(), scanner.next == 0x3C else {
          return .odd("a bug check parameter that is no whole number")
        }
        _ = listing.note(value, at: Int(index) - 1, digits: digits)
        last = .bugCheckParameter(
          index: Int(index), value: PrintedNumber(value: value, digits: digits), words: "")
      }
    }
    let isWhole = listing.code != nil && !listing.parameters.contains(nil)
    return isWhole ? .bugCheck(listing) : last
  }

  private static let parameterNames: [StaticString] = [
    "BUGCHECK_P", "BugcheckParameter", "Arg", "BCP", "Parameter ", "Argument ",
  ]

  private static func parameter(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    if scanner.skip("Arguments ") {
      var values: [PrintedNumber] = []
      while let value = number(&scanner) {
        values.append(value)
        scanner.skipBlanks()
      }
      return values.count == 4 ? .bugCheckParameters(values) : nil
    }
    for name in parameterNames {
      scanner = line
      guard scanner.skip(name), let index = scanner.decimal(), (1...4).contains(index) else {
        continue
      }
      _ = scanner.skip(" :")
      scanner.skipBlanks()
      guard let value = number(&scanner) else {
        return scanner.next.map { ByteScanner.hexadecimalDigit($0) != nil } == true
          ? .odd("a bug check parameter that is no whole number") : nil
      }
      _ = scanner.skip(",")
      return .bugCheckParameter(index: Int(index), value: value, words: scanner.rest)
    }
    return nil
  }

  /// `*** Fatal System Error: 0x00000019`, whose parameters stand on the next line.
  private static func code(_ line: ByteScanner) -> RecognisedLine? {
    for phrase: StaticString in ["Fatal System Error:", "STOP:", "STOP ", "BugCheck "] {
      var scanner = line
      guard scanner.skip(phrase) else { continue }
      scanner.skipBlanks()
      guard let code = number(&scanner), code.value <= 0xFFFF_FFFF, scanner.rest.isEmpty else {
        continue
      }
      return .bugCheckCode(code.value)
    }
    return nil
  }

  /// `BAD_POOL_HEADER (19)` heads the text of `!analyze`; a copy may have cut the first letter.
  private static func title(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    let start = scanner.position
    while let byte = scanner.next, isNameByte(byte) { scanner.position += 1 }
    let name = String(decoding: scanner.bytes[start..<scanner.position], as: UTF8.self)
    guard name.utf8.count >= 6, name.contains("_"), scanner.skip(" ("),
      let (code, digits) = scanner.hexadecimalDigits(), digits <= 8, scanner.skip(")"),
      scanner.rest.isEmpty
    else { return nil }
    return .bugCheckCode(code)
  }

  /// `Stop code: BAD_POOL_HEADER`, as the blue screen says it: a name and no number.
  private static func stopName(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    for phrase: StaticString in ["Stop code:", "stop code:", "STOP CODE:"]
    where scanner.seek(phrase) {
      scanner.skipBlanks()
      let start = scanner.position
      while let byte = scanner.next, isNameByte(byte) { scanner.position += 1 }
      let name = String(decoding: scanner.bytes[start..<scanner.position], as: UTF8.self)
      return BugCheckNames.code(of: name).map { .bugCheckCode($0) }
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
  }

  // MARK: - Rows of tables

  /// A row of BlueScreenView: a bug check's name, its code and the four parameters side by side.
  private static func row(_ line: ByteScanner) -> RecognisedLine? {
    let fields =
      line.bytes.contains(0x09)
      ? line.bytes.split(separator: 0x09, maxSplits: 64, omittingEmptySubsequences: false)
      : CommaSeparatedLine.fields(line.bytes)
    guard fields.count >= 6 else { return nil }
    for index in 0...(fields.count - 6) {
      let name = ByteScanner.trimmed(fields[index])
      guard BugCheckNames.code(of: name) != nil else { continue }
      let numbers = fields[(index + 1)...(index + 5)].compactMap { field -> PrintedNumber? in
        var scanner = ByteScanner(PlainText.strip(Array(field)))
        scanner.skipBlanks()
        return number(&scanner)
      }
      guard numbers.count == 5, let code = numbers.first else { return nil }
      var listing = BugCheckListing(code: code.value)
      for (index, value) in numbers.dropFirst().enumerated() {
        _ = listing.note(value.value, at: index, digits: value.digits)
      }
      return .bugCheck(listing)
    }
    return nil
  }

  /// `19|20|p2|p3|p4|system|remark|source`: a table of vectors.
  private static func vector(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    guard let code = scanner.hexadecimal(), BugCheckNames.name(of: code) != nil,
      scanner.skip("|")
    else { return nil }
    var listing = BugCheckListing(code: code)
    for index in 0..<4 {
      scanner.skipBlanks()
      _ = scanner.skip("0x")
      guard let value = scanner.hexadecimalDigits() else {
        return index == 0 ? nil : .odd("a bug check with fewer than four parameters")
      }
      _ = listing.note(value.value, at: index, digits: value.digits)
      if index < 3, !scanner.skip("|") {
        return .odd("a bug check with fewer than four parameters")
      }
    }
    _ = scanner.skip("|")
    listing.remark = scanner.rest
    return .bugCheck(listing)
  }

  // MARK: - Events

  /// The sentence of events 2019 and 2020, or their number beside their source.
  private static func poolEmpty(_ line: ByteScanner) -> RecognisedLine? {
    let lower = ByteScanner(line.bytes.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 })
    if lower.contains("pool because the pool was empty") {
      let isNonpaged = lower.contains("nonpaged") || lower.contains("non-paged")
      return .poolEmpty(isPaged: !isNonpaged)
    }
    guard lower.contains("srv") || lower.contains("lanmanserver") else { return nil }
    for (number, isPaged) in [("2019" as StaticString, false), ("2020", true)] {
      var scanner = lower
      guard scanner.seek(number) else { continue }
      // A date has the same digits.
      let before = scanner.position - 5
      let isDate =
        scanner.next.map { [0x2D, 0x2F, 0x2E].contains($0) } == true
        || before >= 0 && [0x2D, 0x2F, 0x2E].contains(lower.bytes[before])
      if !isDate { return .poolEmpty(isPaged: isPaged) }
    }
    return nil
  }
}

/// A number and how many digits it was printed with, which tells the pointer width.
struct PrintedNumber: Equatable {
  var value: UInt64
  var digits: Int
}
