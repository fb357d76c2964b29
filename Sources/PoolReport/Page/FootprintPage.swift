/// What several allocators held through one trace as a self-contained HTML page: a table, the picture
/// over time, who keeps pages at the worst moment, and the figures behind the curves.
public struct FootprintPage {
  /// A table: the first row names the columns.
  public struct Table: Sendable {
    /// What it is about.
    public var heading: String
    /// Rows of as many cells.
    public var rows: [[String]]

    /// A table.
    public init(heading: String, rows: [[String]]) {
      (self.heading, self.rows) = (heading, rows)
    }

    /// Its markup.
    var markup: String {
      let lines = rows.enumerated().map { index, row in
        let cell = index == 0 ? "th" : "td"
        return "<tr>" + row.map { "<\(cell)>\(ScriptText.markup($0))</\(cell)>" }.joined()
          + "</tr>\n"
      }
      return "<table>\n" + lines.joined() + "</table>\n"
    }
  }

  private let title: String
  private let about: String

  /// A page; `title` is the name of the trace, `about` a line below it.
  public init(title: String, about: String) { (self.title, self.about) = (title, about) }

  /// The page. Nothing in it is a script; the figures behind the curves unfold.
  public func text(
    _ picture: FootprintPicture, summary: Table, keepers: [Table], moments: Table
  ) -> String {
    let keepers = keepers.map(card).joined()
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy"
        content="default-src 'none'; style-src 'unsafe-inline'">
      <title>\(ScriptText.markup(title))</title>
      <style>
      \(HistoryPage.style)
      svg { display: block; width: 100%; height: auto; }
      </style>
      </head>
      <body>
      <header>
        <h1>\(ScriptText.markup(title))</h1>
        <p class="about">\(ScriptText.markup(about))</p>
      </header>
      <main>
      \(card(summary))<section class="card">
      \(picture.text(title: "Over time"))</section>
      \(keepers)<details class="card"><summary>\(ScriptText.markup(moments.heading))</summary>
      \(moments.markup)</details>
      </main>
      </body>
      </html>

      """
  }

  private func card(_ table: Table) -> String {
    "<section class=\"card\"><h2>\(ScriptText.markup(table.heading))</h2>\n\(table.markup)</section>\n"
  }
}
