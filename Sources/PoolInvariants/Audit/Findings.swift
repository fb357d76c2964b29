import typealias KernelPool.Address

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
