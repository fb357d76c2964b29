import KernelPool

/// What an operation must come to, predicted before it is run.
enum Verdict: Equatable {
  /// It is no misuse, or one without consequence.
  case harmless
  /// The request is served, or the kernel stops with this bug check because nothing fits.
  case servedOr(BugCheck, PoolType, bytes: UInt64)
  /// The kernel must stop with this bug check, and the pool must be as before.
  case bugCheck(code: UInt32, first: UInt64)
  /// The kernel must stop on an access to unmapped memory.
  case fault
  /// A stop or a broken invariant must show it.
  case noticed
  /// Misuse of which nothing is claimed but that the operation ends.
  case unspecified

  /// Whether nothing can be said about the pool once the operation has gone through.
  var isMisuse: Bool {
    switch self {
    case .harmless, .servedOr: false
    case .bugCheck, .fault, .noticed, .unspecified: true
    }
  }
}
