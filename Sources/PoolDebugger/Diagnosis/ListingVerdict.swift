/// What can be said of a listing.
public enum ListingVerdict: String, Sendable, Hashable {
  /// Whole, and every invariant of its kind holds.
  case healthy
  /// At least one invariant is broken by what is printed, or the debugger says so itself.
  case corrupt
  /// Nothing is wrong as far as the listing goes, but it does not show everything.
  case incomplete
  /// The evidence does not suffice to say anything.
  case unknown
}
