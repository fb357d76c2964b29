/// What can be said of a listing.
public enum ListingVerdict: String, Sendable, Hashable {
  /// Whole, and every invariant of its kind holds.
  case healthy
  /// At least one invariant is broken by what is printed, or the debugger says so itself.
  case corrupt
  /// A call was wrong; nothing need be corrupt.
  case wrongCall = "wrong-call"
  /// Allocations were left behind.
  case leak
  /// A pool, or what feeds it, was used up.
  case exhausted
  /// A table gives reason for a second look.
  case suspicious
  /// Nothing is wrong as far as the listing goes, but it does not show everything.
  case incomplete
  /// The evidence does not suffice to say anything.
  case unknown

  /// Whether something was found.
  public var isFinding: Bool {
    switch self {
    case .corrupt, .wrongCall, .leak, .exhausted, .suspicious: true
    case .healthy, .incomplete, .unknown: false
    }
  }
}
