import Foundation
import PoolTestSupport
import Testing

/// The exercises of the lesson: each alone fails, and each solution is the exercise with its gap filled
/// and holds. (The lesson itself is run with the manual.)
@Suite("The lesson")
struct LessonTests {
  private static let folder = Manual.package.appendingPathComponent("Corpus/lesson").path

  private static func names(_ folder: String, _ suffix: String) throws -> [String] {
    try Scratch.names(folder).filter { $0.hasSuffix(suffix) }.map {
      String($0.dropLast(suffix.count))
    }
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: folder + "/" + path, encoding: .utf8)
  }

  @Test func everySolutionIsItsExerciseWithTheGapFilled() throws {
    let names = try Self.names(Self.folder, ".exercise")
    #expect(names.count == 10)
    #expect(try Self.names(Self.folder + "/solutions", ".trace") == names)
    let article = try String(
      contentsOf: Manual.package.appendingPathComponent(
        "Sources/PoolTrace/PoolTrace.docc/Lesson.md"), encoding: .utf8)
    for name in names {
      let parts = try Self.text("\(name).exercise").components(separatedBy: "# ...\n")
      let solution = try Self.text("solutions/\(name).trace")
      try #require(parts.count == 2, "\(name)")
      #expect(solution.hasPrefix(parts[0]) && solution.hasSuffix(parts[1]), "\(name)")
      #expect(solution.utf8.count > parts[0].utf8.count + parts[1].utf8.count, "\(name)")
      #expect(article.contains("| `\(name)` | "), "\(name)")
    }
  }

  @Test func exercisesFailAndSolutionsHold() throws {
    let names = try Self.names(Self.folder, ".exercise")
    let exercises = names.map { "\(Self.folder)/\($0).exercise" }
    let failing = try Command.run(["replay"] + exercises)
    #expect(failing.code == 1)
    for path in exercises {
      let lines = failing.errors.split(separator: "\n").filter { $0.hasPrefix(path + ":") }
      #expect(lines.count >= 1 && lines.allSatisfy { $0.contains("unmet expectation") }, "\(path)")
    }
    let solved = try Command.run(["replay", "--strict", Self.folder + "/solutions"])
    #expect(solved.code == 0, "\(solved.output)")
    #expect(solved.lines.count { $0.contains(".trace: ok, ") } == names.count)
  }
}
