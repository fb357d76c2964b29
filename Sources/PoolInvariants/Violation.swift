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
