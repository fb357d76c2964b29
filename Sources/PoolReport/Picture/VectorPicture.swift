/// An SVG picture being drawn. Colours are those of the page's style, light or dark as the reader's
/// system is, also where a web page shows the picture as an image.
struct VectorPicture {
  private let width: Double
  private var height: Double
  private let title: String
  private let description: String
  private var body = ""

  init(width: Double, height: Double, title: String, description: String) {
    (self.width, self.height) = (width, height)
    (self.title, self.description) = (title, description)
  }

  /// Names of colours with what they are in light and in dark.
  private static let colours: [(name: String, light: String, dark: String)] = [
    ("ground", "#ffffff", "#1c2026"), ("ink", "#1d2126", "#e6e8eb"), ("soft", "#626a73", "#9aa3ad"),
    ("free", "#e6eaee", "#2b323a"), ("held", "#8a95a3", "#76818e"), ("live", "#2f66b0", "#6ea3ea"),
    ("bound", "#b9572f", "#e58f66"), ("grid", "#ecece6", "#262c33"),
    ("tag0", "#3b6fb6", "#6ea3ea"), ("tag1", "#c8643c", "#e68a62"), ("tag2", "#4a9668", "#74c393"),
    ("tag3", "#8c63b0", "#b493da"), ("tag4", "#b48d28", "#dcb858"), ("tag5", "#3a95a2", "#66c3cf"),
    ("tag6", "#b64e88", "#de7fb4"), ("tag7", "#7c6a56", "#b5a28c"), ("tag8", "#6676d2", "#9aabf5"),
    ("tag9", "#7d882b", "#b3be5c"), ("other", "#8b929b", "#8d96a1"),
    ("parked", "#98a2ae", "#77828e"), ("idle", "#f3e3cf", "#3d3123"),
    ("orphan", "#c3cad2", "#4a545f"),
    ("fragment", "#b9302b", "#f0655e"),
    ("table", "#cfd5db", "#414a54"), ("kept", "#eff1f2", "#242a31"),
    ("unknown", "#e0245e", "#ff5c8a"),
  ]

  /// The picture.
  var text: String {
    func rules(_ pick: ((name: String, light: String, dark: String)) -> String) -> String {
      Self.colours.map { ".\($0.name){fill:\(pick($0))}.\($0.name)-line{stroke:\(pick($0))}" }
        .joined(separator: "\n")
    }
    let size = "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.number(width)) \
      \(Self.number(height))" \(size) role="img" aria-labelledby="title about">
      <title id="title">\(ScriptText.markup(title))</title>
      <desc id="about">\(ScriptText.markup(description))</desc>
      <style>
      text{font:12px system-ui,"Segoe UI",Arial,sans-serif}
      .head{font-size:16px;font-weight:600}
      .code{font:11px ui-monospace,Menlo,Consolas,monospace;white-space:pre}
      .line{fill:none;stroke-width:1.6;stroke-linejoin:round}.dashed{stroke-dasharray:5 4}
      .area{opacity:.22}
      \(rules(\.light))
      @media (prefers-color-scheme:dark){
      \(rules(\.dark))
      }
      </style>
      <rect class="ground" width="100%" height="100%" rx="8"/>
      \(body)</svg>

      """
  }

  /// A text; its place is the left, middle or right end of its base line.
  mutating func text(
    _ text: String, x: Double, y: Double, classes: String = "soft", anchor: String = "start"
  ) {
    let place = anchor == "start" ? "" : " text-anchor=\"\(anchor)\""
    body +=
      "<text class=\"\(classes)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(place)>"
      + ScriptText.markup(text) + "</text>\n"
  }

  /// A shape from path commands. Its title is for whoever points at it or hears it: colours are
  /// not told apart by everybody.
  mutating func path(_ commands: String, classes: String, title: String? = nil) {
    guard !commands.isEmpty else { return }
    let end = title.map { "><title>\(ScriptText.markup($0))</title></path>" } ?? "/>"
    body += "<path class=\"\(classes)\" d=\"\(commands)\"\(end)\n"
  }

  /// The path of a filled rectangle.
  static func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double) -> String {
    let wide = number(width)
    return "M\(number(x)) \(number(y))h\(wide)v\(number(height))h-\(wide)z"
  }

  /// A number with at most two decimals, the same on every machine.
  static func number(_ value: Double) -> String {
    let scaled = (value * 100).rounded()
    let hundredths = abs(Int(scaled))
    var text = (scaled < 0 ? "-" : "") + String(hundredths / 100)
    let rest = hundredths % 100
    if rest > 0 {
      text += "." + (rest < 10 ? "0" : "") + String(rest % 10 == 0 ? rest / 10 : rest)
    }
    return text
  }
}
