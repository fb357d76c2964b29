/// What an `expect` line demands.
///
/// Those that speak of an outcome (`skipped`, bug check, fault, hang, raise, violation) refer to
/// the operation before them; the others to the state.
public enum Expectation: Equatable, Sendable {
  /// The slot holds an allocation.
  case ok(SlotName)
  /// The slot's last allocation returned NULL.
  case null(SlotName)
  /// The operation before was a no-op.
  case skipped
  /// The operation before ended in a bug check of this code and, where given, first parameter.
  case bugCheck(code: UInt32, first: UInt64?)
  /// The operation before touched memory that is not mapped; nil means at any address.
  case fault(AddressExpression?)
  /// The operation before touched an address that no processor accepts.
  case nonCanonicalFault
  /// The operation before would not have ended.
  case hang
  /// The operation before raised an exception with this status (`+Raise`; Microsoft NTSTATUS).
  case raise(status: UInt32)
  /// The operation before broke the invariant of this name.
  case violation(String)
  /// A metric compares with a number.
  case metric(String, Comparison, DecimalNumber)
}

extension Expectation {
  /// The most characters in the name of an invariant or a metric.
  public static let maximumNameCharacters = 200

  /// True for what can be the name of an invariant: letters, digits, `.`, `-` and `_`.
  public static func isInvariantName(_ bytes: some Collection<UInt8>) -> Bool {
    isName(bytes, punctuation: [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")])
  }

  /// True for what can be the name of a metric: letters, digits, `.`, `_` and `\` (of a byte of a
  /// tag), and not a word that begins another condition.
  public static func isMetricName(_ bytes: some Collection<UInt8>) -> Bool {
    let isCondition = conditionWords.contains { word in
      word.utf8CodeUnitCount == bytes.count
        && word.withUTF8Buffer { $0.elementsEqual(bytes) }
    }
    return !isCondition
      && isName(bytes, punctuation: [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "\\")])
  }

  private static let conditionWords: [StaticString] = [
    "ok", "null", "skipped", "bugcheck", "fault", "hang", "raise", "violation",
  ]

  private static func isName(_ bytes: some Collection<UInt8>, punctuation: [UInt8]) -> Bool {
    guard (1...maximumNameCharacters).contains(bytes.count),
      let first = bytes.first, (first | 0x20) &- 0x61 < 26
    else { return false }
    return bytes.allSatisfy {
      $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || punctuation.contains($0)
    }
  }
}
