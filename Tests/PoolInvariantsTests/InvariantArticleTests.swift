import Foundation
import PoolInvariants
import Testing

@Suite("The article on invariants")
struct InvariantArticleTests {
  @Test("it has the rows of the table, in their order, and no other")
  func rows() throws {
    let folder = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let article = try String(
      contentsOf: folder.appendingPathComponent(
        "Sources/PoolInvariants/PoolInvariants.docc/Invariants.md"), encoding: .utf8)
    let found = article.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    let expected = Invariant.table.map {
      "| `\($0.invariant.rawValue)` | \($0.statement) | \($0.source) |"
    }
    #expect(found == expected)
  }
}
