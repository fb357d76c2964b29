import typealias KernelPool.Address

/// One broken invariant: where, what the rule demands and what the bytes say.
public struct Violation: Error, Equatable, Sendable, CustomStringConvertible {
  /// The rule that does not hold.
  public var invariant: Invariant
  /// The block, page, entry or variable at fault; 0 where the fault has no address.
  public var address: Address
  /// The value that the rule demands, in the units that `text` names.
  public var expected: UInt64
  /// The value that was found.
  public var found: UInt64
  /// What the two values are, in words.
  public var text: String

  /// A violation of `invariant`.
  public init(
    _ invariant: Invariant, at address: Address, expected: UInt64, found: UInt64, _ text: String
  ) {
    self.invariant = invariant
    self.address = address
    self.expected = expected
    self.found = found
    self.text = text
  }

  /// One line: name, address, both values, words.
  public var description: String {
    func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
    return "\(invariant.rawValue) at \(hexadecimal(address)): \(text): "
      + "expected \(hexadecimal(expected)), found \(hexadecimal(found))"
  }
}

/// The violations of one audit, up to a limit.
///
/// One smashed header can break hundreds of rules; the first few tell the story, and a limit keeps
/// an audit of wild memory from filling the machine.
struct Findings {
  /// Violations that one audit reports at most.
  static let limit = 64

  private(set) var violations: [Violation] = []

  /// True once no more are kept.
  var isFull: Bool { violations.count >= Self.limit }

  /// Adds a violation.
  @inline(never)
  mutating func report(
    _ invariant: Invariant, at address: Address, expected: UInt64, found: UInt64, _ text: String
  ) {
    guard !isFull else { return }
    violations.append(
      Violation(invariant, at: address, expected: expected, found: found, text))
  }

  /// Adds a violation unless the two values agree.
  @inline(__always)
  mutating func require(
    _ invariant: Invariant, at address: Address, expected: UInt64, found: UInt64,
    _ text: @autoclosure () -> String
  ) {
    if expected != found {
      report(invariant, at: address, expected: expected, found: found, text())
    }
  }
}
