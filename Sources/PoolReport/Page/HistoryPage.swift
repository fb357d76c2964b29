/// A history as one self-contained HTML page: no network, no framework, nothing beside the file.
///
/// Markup, style and script are files of their own in `Page/Files`, compiled into the program. The
/// page forbids itself every connection by its content security policy.
public struct HistoryPage {
  private let history: PoolHistory

  /// A page of a history.
  public init(_ history: PoolHistory) { self.history = history }

  /// The page.
  ///
  /// - Parameters:
  ///   - title: what it is of; the name of the trace.
  ///   - about: a line below the title: the version, how many operations, how it ended.
  ///   - warning: what a reader must know before all else; empty for nothing.
  ///   - metrics: names and values of the whole trace's metrics, for a table.
  ///   - boundNote: which proofs the bound is from, or why there is none.
  public func text(
    title: String, about: String, warning: String = "",
    metrics: [(name: String, value: String)] = [], boundNote: String = ""
  ) -> String {
    let warnings = [warning, history.samplingNote ?? ""].filter { !$0.isEmpty }
    let data = HistoryEncoder(history).text(
      about: about, warning: warnings.joined(separator: " "), metrics: metrics,
      boundNote: boundNote)
    let parts = [
      "title": ScriptText.markup(title), "style": Self.style, "history": data,
      "script": Self.script,
    ]
    // Cut at the marks first: what is filled in may hold anything, a mark as well.
    var page = ""
    for (index, piece) in Self.markup.components(between: "{{", and: "}}").enumerated() {
      page += index % 2 == 0 ? piece : parts[piece] ?? ""
    }
    return page
  }

  private static let markup = text(PackageResources.page_html)
  private static let style = text(PackageResources.page_css)
  private static let script = [
    PackageResources.history_js, PackageResources.words_js, PackageResources.map_js,
    PackageResources.charts_js, PackageResources.panels_js, PackageResources.controls_js,
  ].map(text).joined(separator: "\n")

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension String {
  /// The text cut at pairs of marks: outside, inside, outside, ...
  fileprivate func components(between opening: String, and closing: String) -> [String] {
    var pieces: [String] = []
    var rest = self[...]
    while let start = rest.firstRange(of: opening),
      let end = rest[start.upperBound...].firstRange(of: closing)
    {
      pieces.append(String(rest[..<start.lowerBound]))
      pieces.append(String(rest[start.upperBound..<end.lowerBound]))
      rest = rest[end.upperBound...]
    }
    return pieces + [String(rest)]
  }
}
