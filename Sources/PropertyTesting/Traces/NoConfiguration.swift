/// The configuration of a system that has none.
public struct NoConfiguration: TraceConfiguration, LosslessStringConvertible {
  /// The only one.
  public init() {}

  /// Reads `none`.
  public init?(_ description: String) {
    guard description == "none" else { return nil }
  }

  /// `none`.
  public var description: String { "none" }
}
