import JSONLines

/// A history as one self-contained HTML page, or two beside each other: no network, no framework,
/// nothing beside the file.
///
/// Markup, style and script are files of their own in `Page/Files`, compiled into the program. The
/// page forbids itself every connection by its content security policy.
public struct HistoryPage {
  /// A history and what is said of it.
  public struct Part {
    /// What the pages held.
    public var history: PoolHistory
    /// What it is of; the name of the trace.
    public var title: String
    /// A line below the title: the version, how many operations, how it ended.
    public var about: String
    /// How the trace failed, for people; empty where it held.
    public var failure: String
    /// Names and values of the whole trace's metrics, for a table.
    public var metrics: [(name: String, value: String)]
    /// Which proofs the bound is from, or why there is none.
    public var boundNote: String

    /// A history with what is said of it.
    public init(
      _ history: PoolHistory, title: String, about: String, failure: String = "",
      metrics: [(name: String, value: String)] = [], boundNote: String = ""
    ) {
      self.history = history
      self.title = title
      self.about = about
      self.failure = failure
      self.metrics = metrics
      self.boundNote = boundNote
    }

    var data: String {
      HistoryEncoder(history).text(
        about: about, failure: failure, metrics: metrics, boundNote: boundNote)
    }
  }

  /// The page of one history.
  public static func text(_ part: Part) -> String {
    filled(
      page, ["title": ScriptText.markup(part.title), "history": part.data])
  }

  /// The page of two histories with one time line: before and after.
  public static func text(_ first: Part, beside second: Part) -> String {
    let names = JSONValue.array([.string(first.title), .string(second.title)]).textByMembers
    return filled(
      comparison,
      [
        "title": ScriptText.markup("\(first.title) and \(second.title)"),
        "first": ScriptText.markup(first.title), "second": ScriptText.markup(second.title),
        "names": ScriptText.harmless(names), "history": first.data, "second-history": second.data,
      ])
  }

  /// Cut at the marks first: what is filled in may hold anything, a mark as well.
  private static func filled(_ markup: String, _ parts: [String: String]) -> String {
    var page = ""
    for (index, piece) in markup.components(between: "{{", and: "}}").enumerated() {
      page += index % 2 == 0 ? piece : parts[piece] ?? shared[piece] ?? ""
    }
    return page
  }

  private static let page = text(PackageResources.page_html)
  private static let comparison = text(PackageResources.compare_html)
  /// The style of every page.
  static let style = text(PackageResources.page_css)
  /// What both kinds of page have.
  private static let shared = [
    "style": style, "summary": text(PackageResources.summary_html),
    "timeline": text(PackageResources.timeline_html), "pool": text(PackageResources.pool_html),
    "script": text(PackageResources.metrics_js)
      + "\nfunction showHistory(root, history_, pair) {\n" + history + "\n}",
    "compare": text(PackageResources.compare_js),
  ]
  private static let history = [
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

/// Writes a history as the text that the page's script reads.
///
/// The steps are one stream of numbers, seven bits a byte with the low ones first, in base64: for
/// each step the number of changed pages; for each of these its place, the first piece that goes,
/// how many go, how many come, and for each that comes its units and `tag * 16 + state`.
struct HistoryEncoder {
  private let history: PoolHistory

  init(_ history: PoolHistory) { self.history = history }

  /// The object of the page's data. Nothing in it can end the element that holds it.
  func text(
    about: String, failure: String, metrics: [(name: String, value: String)], boundNote: String
  ) -> String {
    let warnings = [failure, history.samplingNote ?? ""].filter { !$0.isEmpty }
    let figures = history.steps.map(\.figures)
    let hasBound = figures.contains { $0.bound != nil }
    let members: [(String, JSONValue)] = [
      ("about", .string(about)), ("failed", .bool(!failure.isEmpty)),
      ("warning", .string(warnings.joined(separator: " "))),
      ("metrics", .array(metrics.map { .array([.string($0.name), .string($0.value)]) })),
      ("boundNote", .string(boundNote)), ("unitBytes", .unsigned(history.unitBytes)),
      ("unitsPerPage", .unsigned(history.unitsPerPage)),
      ("headerBytes", .unsigned(history.headerBytes)),
      ("digits", .integer(Int64(history.addressDigits))),
      ("operations", .unsigned(history.operations)),
      ("stride", .unsigned(history.operationsPerStep)),
      ("pagesPerKept", .unsigned(history.pagesPerKeptPage)),
      ("tags", .array(history.tags.map { .unsigned(UInt64($0)) })),
      ("colouredTags", .array(history.colouredTags.map { .unsigned(UInt64($0.word)) })),
      ("pages", .array(history.pages.map(address))),
      ("held", differences(figures.map(\.held))), ("live", differences(figures.map(\.live))),
      ("bound", hasBound ? differences(figures.map { $0.bound ?? 0 }) : .null),
      ("lines", .string(history.steps.map(\.line).joined(separator: "\n"))),
      ("steps", .string(Base64.text(steps))),
    ]
    return ScriptText.harmless(JSONValue.object(members).textByMembers)
  }

  private func address(_ page: UInt64) -> JSONValue {
    .string(StripDrawing.hexadecimal(page, history.addressDigits))
  }

  /// Curves change little from step to step.
  private func differences(_ values: [UInt64]) -> JSONValue {
    var last: Int64 = 0
    return .array(
      values.map { value in
        // The script counts in doubles; what they cannot hold no pool can.
        let now = Int64(min(value, 1 << 53))
        defer { last = now }
        return .integer(now - last)
      })
  }

  private var steps: [UInt8] {
    var bytes: [UInt8] = []
    var contents = [PageContent](repeating: .empty, count: history.pages.count)
    for step in history.steps {
      let changes = step.changes.map { change in
        (change.page, change.content.splice(since: contents[change.page]))
      }
      Self.write(UInt64(changes.count), &bytes)
      for (page, splice) in changes {
        Self.write(UInt64(page), &bytes)
        Self.write(UInt64(splice.start), &bytes)
        Self.write(UInt64(splice.removed), &bytes)
        Self.write(UInt64(splice.inserted.count), &bytes)
        for piece in splice.inserted {
          Self.write(piece.units, &bytes)
          Self.write(UInt64(piece.tagIndex) << 4 | UInt64(piece.state.rawValue), &bytes)
        }
      }
      for change in step.changes { contents[change.page] = change.content }
    }
    return bytes
  }

  private static func write(_ number: UInt64, _ bytes: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// Text that comes from a trace or a path, made safe for the place where it will stand.
enum ScriptText {
  /// JSON inside of a `script` element: no character of its strings can end the element, begin a
  /// comment or end a line of script. Outside of strings JSON has none of these characters.
  static func harmless(_ json: String) -> String {
    var result = ""
    for scalar in json.unicodeScalars {
      switch scalar {
      case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{7F}"..<"\u{A0}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Text inside of an element or an attribute of HTML or SVG. Characters that XML forbids become
  /// a replacement character.
  static func markup(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      case "\u{0}"..<"\u{20}", "\u{FFFE}", "\u{FFFF}", "\u{7F}"..<"\u{A0}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// Bytes as text of 64 characters (RFC 4648).
enum Base64 {
  private static let characters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The text of `bytes`, padded to a multiple of four characters.
  static func text(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var word: UInt32 = 0
      for byte in group { word = word << 8 | UInt32(byte) }
      word <<= UInt32(8 * (3 - group.count))
      for place in 0..<4 {
        let isPadding = place > group.count
        let index = Int(word >> UInt32(18 - 6 * place) & 63)
        text.append(isPadding ? UInt8(ascii: "=") : characters[index])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
