/// Why the simulated kernel stopped. After a halt a pool accepts no further operation.
public enum HaltReason: Equatable, Sendable {
  /// The kernel stopped itself.
  case bugCheck(BugCheck)
  /// The kernel touched an address that is not mapped.
  case fault(Address)
  /// The kernel touched an address that no x64 processor accepts.
  case nonCanonicalFault
  /// The operation would not have ended: it visited more entries than the pool can have.
  case hang
}

/// Unwinds an operation that cannot go on; the reason is kept by the pool. Empty, so that throwing
/// it costs no more than returning a flag.
struct Halt: Error {}
