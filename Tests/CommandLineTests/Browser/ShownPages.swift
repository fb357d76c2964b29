import Foundation
import PoolTestSupport
import Testing

/// The pages that the browser's tests open, and how their documents are read.
extension BrowserTests {
  static func incident(_ name: String) -> String {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    return folder.appendingPathComponent("Corpus/incident/\(name).trace").path
  }

  func page(_ name: String) throws -> String {
    let run = try Command.run(["view", Self.incident(name)])
    #expect(run.code == 0)
    return run.output
  }

  /// The page with a script of a test's own behind its own.
  func scripted(_ page: String, _ script: String) -> String {
    page.replacingOccurrences(
      of: "</body>",
      with: """
        <pre id="test"></pre><script>
        const test = [];
        const key = (name, shift = false) => document.activeElement.dispatchEvent(
          new KeyboardEvent("keydown", { key: name, shiftKey: shift, bubbles: true,
            cancelable: true }));
        const note = () => test.push(location.hash);
        \(script)
        document.getElementById("test").textContent = test.join("\\n");
        </script></body>
        """)
  }

  // MARK: Reading the document

  /// The text of an attribute of the element with an identifier.
  func attribute(_ name: String, of id: String, _ document: String) throws -> String {
    let element = try Regex("<[^>]*id=\"\(id)\"[^>]*>")
    let tag = try #require(document.firstMatch(of: element)).output[0].substring ?? ""
    let match = try #require(String(tag).firstMatch(of: try Regex("\(name)=\"([^\"]*)\"")))
    return String(match.output[1].substring ?? "").replacingOccurrences(of: "&quot;", with: "\"")
  }

  func layout(_ id: String, _ document: String) throws -> [String: Double] {
    let text = try attribute("data-layout", of: id, document)
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(object as? [String: Double])
  }

  /// What an element holds, its own markup taken out.
  func text(_ id: String, _ document: String) throws -> String {
    let opening = try Regex("<([a-z0-9]+)[^>]*id=\"\(id)\"[^>]*>")
    let match = try #require(document.firstMatch(of: opening))
    let name = try #require(match.output[1].substring)
    let rest = document[match.range.upperBound...]
    // Elements of the same name may lie inside.
    var depth = 1
    let tags = rest.matches(of: try Regex("<(/?)\(name)[ >]"))
    let end = try #require(
      tags.first { tag in
        depth += tag.output[1].substring == "/" ? -1 : 1
        return depth == 0
      })
    return rest[..<end.range.lowerBound]
      .replacing(/<\/div>/, with: "\n").replacing(/<[^>]*>/, with: "")
      .replacingOccurrences(of: "&gt;", with: ">").replacingOccurrences(of: "&amp;", with: "&")
  }
}
