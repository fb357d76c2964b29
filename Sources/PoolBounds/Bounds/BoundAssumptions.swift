/// What a bound takes for granted about the pool; a bound says nothing where one of them fails.
public struct BoundAssumptions: OptionSet, Sendable, Hashable {
  /// The bits.
  public let rawValue: UInt8
  /// A set from its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A page goes back as soon as all of it is free, and free neighbours in a page are merged.
  public static let wholePagesReturn = BoundAssumptions(rawValue: 1)
  /// A fresh page is taken only if no listed free block is larger than the request.
  public static let freshOnlyIfNothingLarger = BoundAssumptions(rawValue: 2)
  /// A free block of exactly the requested size is used rather than a fresh page.
  public static let exactFitsTaken = BoundAssumptions(rawValue: 4)
  /// No request is served by a free block while a smaller sufficient one exists.
  public static let smallestSufficient = BoundAssumptions(rawValue: 8)

  /// A free block that begins its page is cut at its front, every other at its end.
  public static let cutAtEnds = BoundAssumptions(rawValue: 16)

  /// The names, in the order of the declarations, as the command line prints them.
  public var names: [String] {
    let table: [(BoundAssumptions, String)] = [
      (.wholePagesReturn, "whole-pages-return"),
      (.freshOnlyIfNothingLarger, "fresh-only-if-nothing-larger"),
      (.exactFitsTaken, "exact-fits-taken"),
      (.smallestSufficient, "smallest-sufficient-list"),
      (.cutAtEnds, "cut-at-ends"),
    ]
    return table.filter { contains($0.0) }.map(\.1)
  }
}

extension PlacementRules {
  /// The assumptions that hold under these rules. The list order appears in none of them.
  public var assumptionsHeld: BoundAssumptions {
    var held: BoundAssumptions = [.wholePagesReturn, .freshOnlyIfNothingLarger, .cutAtEnds]
    if exactFit == .taken { held.insert(.exactFitsTaken) }
    if fit == .smallestList { held.insert(.smallestSufficient) }
    return held
  }
}
