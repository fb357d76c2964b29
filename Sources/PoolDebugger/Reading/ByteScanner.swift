/// A cursor over the bytes of one line.
///
/// Debugger output reaches us wrapped, collapsed and copied through forums, and a quarter of a
/// listing's meaning sits in four raw tag bytes that need not be UTF-8. So lines are read as bytes,
/// left to right, without regular expressions: the cost is linear in the line, whatever it holds.
struct ByteScanner {
  let bytes: [UInt8]
  var position: Int

  init(_ bytes: [UInt8], at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  var isAtEnd: Bool { position >= bytes.count }

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipBlanks() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
      position += 1
    }
  }

  /// Steps over one byte if it is the wanted one.
  mutating func skip(_ byte: UInt8) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// Steps over a phrase in which a blank stands for any number of blanks, none included: a
  /// collapsed copy of a listing loses its spaces first.
  mutating func skip(_ phrase: StaticString) -> Bool {
    var scanner = self
    let matched = phrase.withUTF8Buffer { wanted in
      for byte in wanted {
        if byte == 0x20 {
          scanner.skipBlanks()
        } else if !scanner.skip(byte) {
          return false
        }
      }
      return true
    }
    if matched { position = scanner.position }
    return matched
  }

  /// Moves just behind the first occurrence of a phrase at or after the cursor.
  mutating func seek(_ phrase: StaticString) -> Bool {
    let first = phrase.utf8Start.pointee
    var candidate = position
    while candidate < bytes.count {
      if bytes[candidate] == first {
        var scanner = ByteScanner(bytes, at: candidate)
        if scanner.skip(phrase) {
          position = scanner.position
          return true
        }
      }
      candidate += 1
    }
    return false
  }

  func contains(_ phrase: StaticString) -> Bool {
    var copy = self
    return copy.seek(phrase)
  }

  /// Hexadecimal digits, at most sixteen of them; nil (and no move) when there is none or more.
  mutating func hexadecimal() -> UInt64? { hexadecimalDigits()?.value }

  mutating func hexadecimalDigits() -> (value: UInt64, digits: Int)? {
    var index = position
    var value: UInt64 = 0
    while index < bytes.count, let digit = ByteScanner.hexadecimalDigit(bytes[index]) {
      guard index - position < 16 else { return nil }
      value = value << 4 | UInt64(digit)
      index += 1
    }
    let digits = index - position
    guard digits > 0 else { return nil }
    position = index
    return (value, digits)
  }

  /// Decimal digits; nil (and no move) when there is none or the number passes 64 bits.
  mutating func decimal() -> UInt64? {
    var index = position
    var value: UInt64 = 0
    while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 {
      let (product, carried) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflowed) = product.addingReportingOverflow(UInt64(bytes[index] - 0x30))
      if carried || overflowed { return nil }
      value = sum
      index += 1
    }
    guard index > position else { return nil }
    position = index
    return value
  }

  /// A decimal number behind any number of blanks.
  mutating func paddedDecimal() -> UInt64? {
    skipBlanks()
    return decimal()
  }

  /// A decimal number with an optional minus sign.
  mutating func signedDecimal() -> Int64? {
    let start = position
    let negative = skip(0x2D)
    guard let magnitude = decimal(), magnitude <= UInt64(Int64.max) else {
      position = start
      return nil
    }
    return negative ? -Int64(magnitude) : Int64(magnitude)
  }

  /// The bytes up to the next blank.
  mutating func word() -> ArraySlice<UInt8> {
    let start = position
    while position < bytes.count, bytes[position] != 0x20, bytes[position] != 0x09 {
      position += 1
    }
    return bytes[start..<position]
  }

  /// What is left of the line as text, without blanks at either end.
  var rest: String { ByteScanner.trimmed(bytes[min(position, bytes.count)...]) }

  static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
    var slice = bytes
    while let first = slice.first, first == 0x20 || first == 0x09 { slice.removeFirst() }
    while let last = slice.last, last == 0x20 || last == 0x09 { slice.removeLast() }
    return String(decoding: slice, as: UTF8.self)
  }

  static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x61 + 10
    case 0x41...0x46: byte - 0x41 + 10
    default: nil
    }
  }
}
