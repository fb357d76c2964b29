import KernelPool

/// What tags stand for: a short list of our own, or a `pooltag.txt` that the user has.
///
/// An exact tag wins over a pattern; among patterns the one with the fewest wildcards wins, `?`
/// before `*`, and then the one that stands first.
public struct PoolTagDescriptions: Sendable {
  private var exact: [UInt32: TagDescription] = [:]
  private var patterns: [(pattern: TagPattern, description: TagDescription)] = []

  /// No descriptions at all.
  public init() {}

  /// How many tags and patterns are described.
  public var count: Int { exact.count + patterns.count }

  /// Describes the tags that `characters` names: up to four bytes, padded with blanks, with `?` for
  /// any byte and `*` for any rest. The first description of an exact tag stays.
  public mutating func describe(_ characters: [UInt8], _ description: TagDescription) {
    let pattern = TagPattern(characters)
    guard let tag = pattern.exactTag else {
      patterns.append((pattern, description))
      return
    }
    exact[tag.word, default: description] = exact[tag.word] ?? description
  }

  /// The one described tag that ends with these bytes; nil where none does, or several.
  func tag(endingWith rest: [UInt8]) -> ListedTag? {
    let fitting = exact.keys.map { ListedTag(rawValue: $0) }.filter {
      $0.bytes.suffix(rest.count).elementsEqual(rest)
    }
    return fitting.count == 1 ? fitting[0] : nil
  }

  /// What is known of `tag`; the mark of a protected block is no part of it.
  public func description(of tag: PoolTag) -> TagDescription? {
    let tag = tag.unprotected
    if let description = exact[tag.word] { return description }
    let fitting = patterns.enumerated().filter { $0.element.pattern.matches(tag) }
    return fitting.min {
      ($0.element.pattern.looseness, $0.offset) < ($1.element.pattern.looseness, $1.offset)
    }?.element.description
  }
}
