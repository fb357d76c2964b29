/// An address as it is printed: eight digits on x86, sixteen on x64.
///
/// `!pool` prints no backtick in the middle of an address; other commands do, and so do invented
/// examples, so one is accepted and remembered.
struct ListedAddress: Equatable {
  var value: UInt64
  var width: PointerWidth
  var hasBacktick: Bool

  /// Reads eight to sixteen digits that end at something else than a letter or digit.
  static func scan(_ scanner: inout ByteScanner) -> ListedAddress? {
    var attempt = scanner
    _ = attempt.skip("0x")
    guard var (value, digits) = attempt.hexadecimalDigits() else { return nil }
    var hasBacktick = false
    if digits == 8, attempt.next == 0x60 {
      var low = attempt
      _ = low.skip(0x60)
      if let second = low.hexadecimalDigits(), second.digits == 8 {
        value = value << 32 | second.value
        digits = 16
        hasBacktick = true
        attempt = low
      }
    }
    guard digits >= 8 else { return nil }
    scanner = attempt
    return ListedAddress(
      value: value, width: digits > 8 ? .bits64 : .bits32, hasBacktick: hasBacktick)
  }
}
