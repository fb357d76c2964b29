/// What a number on the command line counts: its units, what a bare number means, and its range.
struct Quantity: Sendable {
  /// Names of units in small letters, and what each is worth.
  private let units: [String: UInt64]
  /// What a number without a unit is multiplied by; nil where a unit must be given.
  private let bareWorth: UInt64?
  private let range: ClosedRange<UInt64>
  /// What is said of an option whose value is something else.
  private let expectation: String
  /// A line about its units for the help.
  let note: String?

  // MARK: Kinds

  /// How many: `20000`, `20K`, `1M`.
  static func count(_ range: ClosedRange<UInt64> = 0...UInt64.max) -> Quantity {
    Quantity(
      units: ["k": 1000, "m": 1_000_000, "g": 1_000_000_000], bareWorth: 1, range: range,
      expectation: "is a number, decimal or 0x hexadecimal", note: nil)
  }

  /// A number without any unit.
  static let bare = Quantity(
    units: [:], bareWorth: 1, range: 0...UInt64.max,
    expectation: "is a number, decimal or 0x hexadecimal", note: nil)

  /// Bytes: `65536`, `0x10000`, `64K`; a number without a unit is one of `bareUnit` bytes each.
  static func bytes(
    _ range: ClosedRange<UInt64> = 0...UInt64.max, bareUnit: UInt64 = 1
  ) -> Quantity {
    Quantity(
      units: binaryUnits, bareWorth: bareUnit, range: range,
      expectation: "is a number of bytes or a size such as 0x1000, 64K, 1M or 2G", note: sizeNote)
  }

  /// Pages of 4 KiB: `260` of them, or a size such as `2M` that is whole pages.
  static let pages = Quantity(
    units: binaryUnits.filter { $0.value >= 1 << 20 }.mapValues { $0 >> 12 }, bareWorth: 1,
    range: 0...UInt64.max, expectation: "is a number of pages, or a size such as 2M or 1G",
    note: sizeNote)

  /// Milliseconds: `500ms`, `90s`, `30m`, `8h`, `2d`, more than none, at most a hundred years; a
  /// number without a unit is one of `bareUnit` milliseconds each.
  static func time(bareUnit: UInt64? = nil) -> Quantity {
    Quantity(
      units: ["ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000],
      bareWorth: bareUnit, range: 1...longestMilliseconds,
      expectation:
        ": a time is a number and s, m, h or d, such as 90s, 30m or 8h, up to a hundred years",
      note: "Times take ms, s, m, h and d: 90s, 30m, 8h.")
  }

  private static let sizeNote = "Sizes take K, M, G and T, powers of 1024: 64K, 1M."
  private static let longestMilliseconds: UInt64 = 100 * 365 * 86_400_000
  private static let binaryUnits: [String: UInt64] = {
    var units: [String: UInt64] = ["b": 1]
    for (power, letter) in ["k", "m", "g", "t"].enumerated() {
      for ending in ["", "b", "ib"] { units[letter + ending] = 1 << (10 * UInt64(power + 1)) }
    }
    return units
  }()

  // MARK: Reading

  /// The number that `text`, given to `option`, stands for.
  func value(of text: String, for option: String) throws(CommandFailure) -> UInt64 {
    guard let value = number(text) else {
      throw .usage(refusal(text, option))
    }
    guard range.contains(value) else {
      guard bareWorth == 1 else { throw .usage(refusal(text, option)) }
      throw .usage("\(option) is \(range.lowerBound) to \(range.upperBound), not \(text)")
    }
    return value
  }

  private func refusal(_ text: String, _ option: String) -> String {
    let space = expectation.hasPrefix(":") ? "" : " "
    return "\(option)\(space)\(expectation), not '\(text)'"
  }

  /// The number times its unit; nil where the text is no such thing, or not whole.
  func number(_ text: String) -> UInt64? {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let body = isHexadecimal ? text.dropFirst(2) : text[...]
    let digits = body.prefix {
      $0.isASCII && (isHexadecimal ? $0.isHexDigit : $0.isWholeNumber || $0 == ".")
    }
    let unit = body.dropFirst(digits.count)
    guard let worth = unit.isEmpty ? bareWorth : units[unit.lowercased()] else { return nil }
    if isHexadecimal { return UInt64(digits, radix: 16).flatMap { Self.times($0, worth) } }
    let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.contains(where: { !$0.isEmpty }),
      let whole = UInt64(parts[0].isEmpty ? "0" : parts[0]).flatMap({ Self.times($0, worth) })
    else { return nil }
    guard parts.count == 2, !parts[1].isEmpty else { return whole }
    // A fraction must come to whole ones: 1.5K does, 1.5 does not.
    var scale: UInt64 = 1
    for _ in parts[1] {
      guard let next = Self.times(scale, 10) else { return nil }
      scale = next
    }
    guard let part = UInt64(parts[1]).flatMap({ Self.times($0, worth) }), part % scale == 0
    else { return nil }
    let (sum, isTooLarge) = whole.addingReportingOverflow(part / scale)
    return isTooLarge ? nil : sum
  }

  private static func times(_ number: UInt64, _ factor: UInt64) -> UInt64? {
    let (product, isTooLarge) = number.multipliedReportingOverflow(by: factor)
    return isTooLarge ? nil : product
  }
}
