/// A named text to keep with the results of a test.
public struct AttachedText: Sendable, Equatable {
  /// A file name.
  public let name: String
  /// The text.
  public let text: String
}
