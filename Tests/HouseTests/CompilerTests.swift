import Testing

/// The package says that a compiler of version 6.2 can build it: what is newer stands behind a
/// condition.
@Suite("The compiler")
struct CompilerTests {
  /// What a compiler of 6.2 does not take: attributes, `weak let`, names with their module's name.
  private static var newer: [Regex<AnyRegexOutput>] {
    [
      Regex(/@(c|section|used|specialized|export|diagnose|warn)\b/), Regex(/@inline\(always\)/),
      Regex(/\bweak let\b/), Regex(/\b[A-Z]\w*::\w/),
    ]
  }

  /// The numbers of the lines that an older compiler would read and not understand.
  private func complaints(_ lines: [String]) -> [Int] {
    var conditions: [Bool] = []
    var complaints: [Int] = []
    for (index, line) in lines.enumerated() {
      let text = line.drop { $0 == " " }
      switch text.prefix(while: { $0 != " " }) {
      case "#if": conditions.append(text.contains("compiler(>=6.3)"))
      case "#else", "#elseif":
        conditions.removeLast()
        conditions.append(text.contains("compiler(>=6.3)"))
      case "#endif": conditions.removeLast()
      default: break
      }
      guard !text.hasPrefix("//"), !text.contains("\""), !conditions.contains(true),
        text.contains("@") || text.contains("weak") || text.contains("::")
      else { continue }
      if Self.newer.contains(where: { text.contains($0) }) { complaints.append(index + 1) }
    }
    return complaints
  }

  @Test("what is newer than the package's version stands behind a condition")
  func newerIsGuarded() throws {
    #expect(try House.text("Package.swift").hasPrefix("// swift-tools-version: 6.2\n"))
    let files = try ["Sources", "Tests", "Fuzz"].flatMap { try House.files(below: $0) }
    #expect(files.contains { $0.path.hasPrefix("Fuzz/") })
    for file in files { #expect(complaints(file.lines) == [], "\(file.path)") }
  }

  @Test("the rule notices what breaks it")
  func ruleNotices() {
    #expect(complaints(["@c(name)", "public func f() {}"]) == [1])
    #expect(complaints(["  @inline(always) func f() {}"]) == [1])
    #expect(complaints(["@inline(__always) func f() {}", "@convention(c) () -> Void"]) == [])
    #expect(complaints(["weak let a = b", "Swift::print(1)", "// @c is newer"]) == [1, 2])
    let guarded = ["#if compiler(>=6.3)", "@section(name) @used", "#else", "@_cdecl", "#endif"]
    #expect(complaints(guarded) == [])
    #expect(complaints(guarded + ["@used var a = 1"]) == [6])
    #expect(complaints(["#if FUZZING", "@c(name)", "#else", "@c(name)", "#endif"]) == [2, 4])
  }
}
