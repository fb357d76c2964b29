import Foundation
import Platform
import PoolTestSupport
import Testing

/// The file of a detection table: rows of one settings, one writer, and nothing of anybody else's.
struct MutantTableFileTests {
  private static func arguments(_ path: String, operations: String = "64") -> [String] {
    [
      "mutants", "--table", path, "--seeds", "1", "--mutant", "free-not-counted", "--profile",
      "small-lists", "--operations", operations,
    ]
  }

  @Test func rowsOfOtherSettingsAreNotMixed() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/t.jsonl"
    #expect(try Command.run(Self.arguments(path)).code == 0)
    let text = try scratch.text("t.jsonl")
    #expect(try JSONLine(text).text("settings")?.contains("operations=64") == true)
    #expect(try Command.run(Self.arguments(path)).code == 0)
    let other = try Command.run(Self.arguments(path, operations: "128"))
    #expect(other.code == 3)
    #expect(other.errors.contains("t.jsonl:1: expected a row of the settings"))
    #expect(try scratch.text("t.jsonl") == text)
  }

  @Test func aTornRowIsCutAndNothingElseIs() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/t.jsonl"
    #expect(try Command.run(Self.arguments(path)).code == 0)
    let text = try scratch.text("t.jsonl")
    let torn = try scratch.file("torn.jsonl", text + #"{"mutant":"free-"#)
    #expect(try Command.run(Self.arguments(torn)).code == 0)
    #expect(try scratch.text("torn.jsonl") == text)
    let notes = try scratch.file("notes.txt", "my notes, without an end")
    #expect(try Command.run(Self.arguments(notes)).code == 3)
    #expect(try scratch.text("notes.txt") == "my notes, without an end")
  }

  @Test func oneProcessWorksOnATable() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/t.jsonl"
    let lock = try #require(try FileLock.take(path + ".lock"))
    let run = try Command.run(Self.arguments(path))
    #expect(run.code == 4 && run.errors.contains("another process works on this table"))
    lock.release()
    #expect(try Command.run(Self.arguments(path)).code == 0)
  }
}
