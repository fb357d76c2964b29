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

/// A stop of the kernel: its code and four parameters (Microsoft's bug check reference).
public struct BugCheck: Equatable, Sendable, Error {
  /// The code, for instance 0xC2 for BAD_POOL_CALLER.
  public var code: UInt32
  /// The four parameters. Where Microsoft calls one reserved it is zero, except the fourth of
  /// 0x19/0x20, which in published crashes is the header's first dword.
  public var parameters: (UInt64, UInt64, UInt64, UInt64)

  /// A bug check from its code and parameters.
  public init(
    _ code: UInt32, _ first: UInt64, _ second: UInt64 = 0, _ third: UInt64 = 0,
    _ fourth: UInt64 = 0
  ) {
    self.code = code
    parameters = (first, second, third, fourth)
  }

  /// BAD_POOL_HEADER.
  public static let badPoolHeader: UInt32 = 0x19
  /// MUST_SUCCEED_POOL_EMPTY.
  public static let mustSucceedPoolEmpty: UInt32 = 0x41
  /// BAD_POOL_CALLER.
  public static let badPoolCaller: UInt32 = 0xC2
  /// KERNEL_SECURITY_CHECK_FAILURE.
  public static let securityCheckFailure: UInt32 = 0x139

  /// Bug checks are equal when code and all parameters are.
  public static func == (left: BugCheck, right: BugCheck) -> Bool {
    left.code == right.code && left.parameters == right.parameters
  }
}
