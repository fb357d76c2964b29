/// What is known of a tag.
public struct TagDescription: Sendable, Equatable {
  /// Who uses the tag, and for what.
  public let text: String
  /// The module that uses it, or nil where that is not known.
  public let binary: String?

  /// A description.
  public init(text: String, binary: String? = nil) {
    self.text = text
    self.binary = binary
  }
}
