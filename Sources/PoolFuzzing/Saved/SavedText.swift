import ContentHash

/// The text that the state of a campaign is saved as: what it is and of which plan, what the campaign
/// keeps, and in the last line the hash of all before it, so that a state that was cut, edited or
/// damaged is told from one that a run has saved.
public struct SavedText: Sendable {
  /// What it is the state of: "campaign", "search".
  public let kind: String
  /// The number of the format.
  public let format: Int
  /// What the campaign does, its seed included: what a state must agree with.
  public let plan: String

  /// A text of that kind and plan.
  public init(kind: String, format: Int, plan: String) {
    self.kind = kind
    self.format = format
    self.plan = plan
  }

  private var start: String { "poolfuzz \(kind) \(format)\nplan \(plan)\n" }

  /// The whole text around what the campaign keeps.
  public func text(_ body: String) -> String { ContentHash.sealed(start + body) }

  /// What `text` was given; nil where the bytes are those of something else.
  public func body(of bytes: [UInt8]) -> Substring? {
    guard let whole = String(validating: bytes, as: UTF8.self),
      let text = ContentHash.unsealed(whole), text.hasPrefix(start)
    else { return nil }
    return text.dropFirst(start.count)
  }

  /// A count that a state can say; nil for anything else.
  static func count(_ text: Substring) -> UInt64? { SavedCount.reading(text).map { UInt64($0) } }

  /// Seconds that a state can say; nil for anything else.
  static func seconds(_ text: Substring) -> Double? {
    guard let seconds = Double(text), seconds >= 0, seconds <= 1e12 else { return nil }
    return seconds
  }
}
