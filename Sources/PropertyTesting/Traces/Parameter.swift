/// One number of an operation or of a configuration, as the shrinker sees it.
///
/// The shrinker knows no sizes, tags or processors. It knows numbers with a role: numbers of one
/// role may be compared, unified, and moved together.
public struct Parameter: Sendable, Equatable {
  /// Which numbers it may be compared with: sizes with sizes, tags with tags.
  public let role: Int
  /// The number.
  public let value: UInt64
  /// How far from simple it is; 0 is the simplest. Shrinking lowers this, not the value.
  public let complexity: UInt64
  /// The simplest value.
  public let origin: UInt64
  /// Values worth trying before a search between the origin and the value.
  public let landmarks: [UInt64]

  /// A number that is simpler the nearer it is to its origin: 0, a minimum, or a default.
  public init(role: Int, value: UInt64, origin: UInt64 = 0, landmarks: [UInt64] = []) {
    self.role = role
    self.value = value
    self.origin = origin
    self.landmarks = landmarks
    complexity = Self.distance(value, origin)
  }

  /// How complex another value in its place would be.
  public func complexity(of other: UInt64) -> UInt64 {
    Self.distance(other, origin)
  }

  private static func distance(_ left: UInt64, _ right: UInt64) -> UInt64 {
    left > right ? left - right : right - left
  }
}
