/// What is known of a tag.
public struct TagDescription: Sendable, Equatable {
  /// Who uses the tag, and for what.
  public let text: String
  /// The module that uses it, or nil where that is not known.
  public let binary: String?

  /// What is publicly known to make it grow, with its source.
  public var knownCause: Guidance?

  /// A description.
  public init(text: String, binary: String? = nil, knownCause: Guidance? = nil) {
    self.text = text
    self.binary = binary
    self.knownCause = knownCause
  }
}
