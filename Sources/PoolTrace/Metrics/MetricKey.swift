import PoolWalk

/// A metric of a scope, as `expect` lines and JSON name it: `pages_held`, `nonpaged.free_bytes`,
/// `tag.MmCm.pinned_pages`.
public struct MetricKey: Hashable, Sendable {
  /// What it is of.
  public let scope: MetricScope
  /// Which metric.
  public let name: MetricName

  /// A key of its parts.
  public init(_ scope: MetricScope, _ name: MetricName) {
    self.scope = scope
    self.name = name
  }

  /// The key that `text` writes; nil where there is no such metric, or none of a tag.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let last = parts.last, let name = MetricName(rawValue: String(last)) else { return nil }
    switch parts.count {
    case 1:
      self.init(.all, name)
    case 2:
      guard let family = PoolFamily(rawValue: String(parts[0])) else { return nil }
      self.init(.pool(family), name)
    case 3:
      guard parts[0] == "tag", name.isOfTags, let tag = MetricScope.unescaped(parts[1])
      else { return nil }
      self.init(.tag(tag.unprotected), name)
    default:
      return nil
    }
  }

  /// The key as text; `MetricKey(text)` reads it back.
  public var text: String { scope.prefix + name.rawValue }
}
