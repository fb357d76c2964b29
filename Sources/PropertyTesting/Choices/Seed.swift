/// The number from which a whole run follows.
///
/// Written as decimal, as `0x` hexadecimal of up to 16 digits, or as the 40 or 64 hexadecimal
/// digits of a commit identifier, of which the first 16 count: a run in continuous integration
/// can so take its seed from the commit and be repeated by anyone who has it.
public struct Seed: Sendable, Hashable, CustomStringConvertible {
  /// The seed itself.
  public let value: UInt64

  /// The seed of that number.
  public init(_ value: UInt64) {
    self.value = value
  }

  /// Reads one of the three written forms.
  public init(parsing text: String) throws(SeedError) {
    guard let value = Self.value(of: text) else { throw SeedError(text: text) }
    self.value = value
  }

  /// Decimal, as it is printed in replay lines.
  public var description: String {
    String(value)
  }

  /// The generator of work item `stream` under this seed.
  public func generator(stream: UInt64) -> Xoshiro256 {
    Xoshiro256(seed: value, stream: stream)
  }

  private static func value(of text: String) -> UInt64? {
    let digits = text.utf8
    if digits.starts(with: "0x".utf8) {
      return number(text.dropFirst(2), radix: 16)
    }
    if digits.count == 40 || digits.count == 64 {
      guard digits.allSatisfy(isHexadecimal) else { return nil }
      return number(text.prefix(16), radix: 16)
    }
    return number(text[...], radix: 10)
  }

  /// `UInt64(_:radix:)` also takes a leading plus sign, which no seed has.
  private static func number(_ text: Substring, radix: Int) -> UInt64? {
    guard text.utf8.allSatisfy(isHexadecimal) else { return nil }
    return UInt64(text, radix: radix)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
    default: false
    }
  }
}
