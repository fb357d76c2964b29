/// Everything that was recognised in a text.
public struct Reading: Sendable, Hashable {
  /// The pieces of output in the order in which they begin.
  public var listings: [Listing] = []
  /// The odd lines, at most `ListingReader.mostOddities` of them.
  public var oddities: [Oddity] = []
  /// All odd lines, also those that are not kept.
  public var oddityCount = 0
  /// Lines with text that no rule recognises: prose, prompts of other programs, noise.
  public var unrecognisedLines = 0
  /// All lines.
  public var lines = 0
}
