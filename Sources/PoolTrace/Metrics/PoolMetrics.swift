import KernelPool
import PoolWalk

/// The metrics of a pool at one moment, by name.
///
/// They come from two sources: what callers own from the replayer's `LiveUsage`, what lies in pages
/// from a walk over them. `MetricName` says what each one counts.
public struct PoolMetrics: Sendable {
  /// Every metric in the order of print: of everything, of each pool, of each tag.
  public let values: [(key: MetricKey, value: MetricValue)]
  private let positions: [MetricKey: Int]

  /// Measures a pool as it is now.
  ///
  /// - Parameters:
  ///   - view: the pool's memory.
  ///   - usage: what is live, and the peaks so far.
  ///   - requestBytes: the request that the indices of free space are for; nil for the one whose
  ///     block is half a page.
  public init(_ view: PoolView, _ usage: LiveUsage, requestBytes: UInt64? = nil) {
    let request =
      requestBytes.map { RequestedBlock(view.profile, bytes: $0) }
      ?? RequestedBlock(halfPageOf: view.profile)
    let walker = PoolWalker(view)
    let families = PoolFamily.allCases.filter { family in
      walker.areas.contains { $0.family == family }
    }
    var figures: [(MetricScope, MetricFigures)] = []
    var total = MetricFigures(
      view, usage.all, peakPagesHeld: usage.peakPagesHeld, usage.ratios(nil), request)
    var tags: [PoolTag: MetricFigures] = [:]
    for tag in usage.knownTags {
      tags[tag] = MetricFigures(
        view, usage[tag] ?? LiveCounts(), peakPagesHeld: 0, HeldOverLive(), request)
    }
    for family in families {
      let census = PoolCensus(walker, family)
      let held = usage.pagesHeld(family, view)
      var own = MetricFigures(
        view, usage[family], peakPagesHeld: held.peak, usage.ratios(family), request)
      own.add(census, pagesHeld: held.now, bigPages: usage.bigPages(family, view))
      total.add(census, pagesHeld: held.now, bigPages: usage.bigPages(family, view))
      figures.append((.pool(family), own))
      for (tag, found) in census.tags { tags[tag]?.add(found, view.profile) }
    }
    total.raisePeak()
    figures.insert((.all, total), at: 0)
    figures += usage.knownTags.compactMap { tag in tags[tag].map { (.tag(tag), $0) } }
    var values: [(key: MetricKey, value: MetricValue)] = []
    for (scope, figure) in figures {
      for name in MetricName.allCases {
        if case .tag = scope, !name.isOfTags { continue }
        values.append((MetricKey(scope, name), figure.value(name)))
      }
    }
    self.values = values
    positions = Dictionary(
      values.enumerated().map { ($0.element.key, $0.offset) },
      uniquingKeysWith: { first, _ in first })
  }

  /// The value of a metric. A tag that never was live has zeros; a pool that the version does not
  /// have has none.
  public subscript(_ key: MetricKey) -> MetricValue? {
    if let position = positions[key] { return values[position].value }
    guard case .tag = key.scope, key.name.isOfTags else { return nil }
    return key.name.zero
  }

  /// The value of the metric that `text` names, or nil where there is no such metric.
  public subscript(_ text: String) -> MetricValue? { MetricKey(text).flatMap { self[$0] } }

  /// Lines of a name, a blank and a value, every line ended.
  public var text: String {
    values.map { "\($0.key.text) \($0.value.text)\n" }.joined()
  }

  /// A JSON object on one line, in the order of print. Names are ASCII; their backslashes are
  /// doubled.
  public var json: String {
    let members = values.map { "\(Self.quoted($0.key.text)):\($0.value.text)" }
    return "{" + members.joined(separator: ",") + "}"
  }

  private static func quoted(_ name: String) -> String {
    "\"" + name.map { $0 == "\\" ? "\\\\" : String($0) }.joined() + "\""
  }
}
