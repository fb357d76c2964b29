import Foundation
import Testing

/// The rules of the house, held against its text.
@Suite("The house")
struct HouseTests {
  @Test("files and functions are short, public declarations are documented, nothing is left over")
  func source() throws {
    let sources = try House.files(below: "Sources")
    let tests = try House.files(below: "Tests")
    #expect(sources.count > 100 && tests.count > 50)
    for file in sources { #expect(SourceRules.complaints(file, isSource: true) == []) }
    for file in tests { #expect(SourceRules.complaints(file, isSource: false) == []) }
  }

  @Test("the rules notice what breaks them")
  func rules() {
    func complaints(_ lines: [String]) -> Int {
      SourceRules.complaints(House.File(path: "f", lines: lines), isSource: true).count
    }
    let body = Array(repeating: "    step()", count: 60)
    #expect(complaints(["  func long() {"] + body + ["  }"]) == 1)
    #expect(complaints(["  func short() {"] + body.dropFirst(2) + ["  }"]) == 0)
    #expect(complaints(["  @inline(__always) static func long() {"] + body + ["  }"]) == 1)
    #expect(complaints(Array(repeating: "", count: 401)) == 1)
    #expect(complaints(["// Long because of its table."] + Array(repeating: "", count: 400)) == 0)
    #expect(complaints(["public struct Bare {", "}"]) == 1)
    #expect(complaints(["/// A word.", "@frozen", "public struct Bare {", "}"]) == 0)
    #expect(complaints(["  public private(set) var bare = 1"]) == 1)
    #expect(complaints(["// TO" + "DO later"]) == 1)
  }

  @Test("the model imports nothing")
  func modelImportsNothing() throws {
    let lines = try House.files(below: "Sources/KernelPool").flatMap(\.lines)
    #expect(lines.count > 1000)
    #expect(
      lines.filter { $0.hasPrefix("import ") || $0.contains(" import ") && $0.hasPrefix("@") }
        .isEmpty)
  }

  @Test("a module is imported only where the package says so, and the package only looks up")
  func dependenciesPointOneWay() throws {
    let package = try House.text("Package.swift")
    var order: [String] = []
    for name in try modules() {
      let place = try #require(package.range(of: "name: \"\(name)\""), "\(name) is a target")
      _ = place
    }
    for line in package.components(separatedBy: "\n") {
      guard let start = line.range(of: "name: \"") else { continue }
      order.append(String(line[start.upperBound...].prefix { $0 != "\"" }))
    }
    for file in try House.files(below: "Sources") {
      let module = file.path.split(separator: "/")[1]
      let own = try #require(order.lastIndex(of: String(module)))
      for line in file.lines where line.hasPrefix("import ") {
        let imported = String(line.split(separator: " ").last ?? "").split(separator: ".")[0]
        guard let other = order.lastIndex(of: String(imported)) else { continue }
        #expect(other < own, "\(file.path) imports \(imported)")
      }
    }
  }

  @Test("the map names every module, and nothing that is not there")
  func map() throws {
    let map = try House.text("CONTRIBUTING.md").components(separatedBy: "\n")
    let rows = map.filter { $0.hasPrefix("| `") }.compactMap {
      $0.split(separator: "`").dropFirst().first
    }
    for name in try modules() { #expect(rows.contains(Substring(name)), "\(name)") }
    let support = try folders("Tests").filter { !$0.hasSuffix("Tests") }.map { "Tests/" + $0 }
    #expect(!support.isEmpty)
    for name in support { #expect(rows.contains(Substring(name)), "\(name)") }
    for row in rows {
      let path = House.folder.appendingPathComponent("Sources/" + row).path
      let top = House.folder.appendingPathComponent(String(row)).path
      let isThere = [path, top].contains { FileManager.default.fileExists(atPath: $0) }
      #expect(isThere, "\(row)")
    }
  }

  @Test("no two types of the package have one name")
  func namesMeanOneThing() throws {
    var places: [Substring: Set<String>] = [:]
    for file in try House.files(below: "Sources") {
      for line in file.lines where !line.hasPrefix(" ") && !line.hasPrefix("private ") {
        guard let type = Self.declaredType(line) else { continue }
        places[type, default: []].insert(file.path)
      }
    }
    #expect(places.count > 500)
    let shared = places.filter { $0.value.count > 1 }.map { "\($0.key): \($0.value.sorted())" }
    #expect(shared.sorted() == [])
    #expect(Self.declaredType("public struct A<B>: C {") == "A")
    #expect(Self.declaredType("extension A {") == nil && Self.declaredType("  struct A {") == "A")
  }

  /// The name of the type that a line declares; nil where it declares none.
  private static func declaredType(_ line: String) -> Substring? {
    let words = line.split(separator: " ")
    let kinds: Set<Substring> = ["struct", "enum", "class", "protocol", "actor"]
    guard let place = words.firstIndex(where: { kinds.contains($0) }), place + 1 < words.count,
      words[..<place].allSatisfy({
        $0.hasPrefix("@") || ["public", "final", "package", "indirect"].contains($0)
      })
    else { return nil }
    return words[place + 1].prefix { $0.isLetter || $0.isNumber }
  }

  /// The rows `| what | `declaration` | `file` |` of a text, the file from the package's folder.
  private static func hops(_ lines: [String]) -> [(
    heading: String, declaration: String, file: String
  )] {
    var heading = ""
    return lines.compactMap { line in
      if line.hasPrefix("#") { heading = line }
      let cells = line.split(separator: "|").map { $0.drop { $0 == " " } }
      guard line.hasPrefix("|"), cells.count == 3 else { return nil }
      let quoted = cells.dropFirst().map { $0.split(separator: "`") }
      guard quoted[1].count > 0, quoted[1][0].hasSuffix(".swift") else { return nil }
      let file = String(quoted[1][0])
      return (heading, String(quoted[0][0]), file.hasPrefix("Tests/") ? file : "Sources/" + file)
    }
  }

  @Test("every question and every hop of a flow is answered where the map says so")
  func hopsAreThere() throws {
    let questions = Self.hops(
      try House.text("CONTRIBUTING.md").components(separatedBy: "\n"))
    let flows = Self.hops(
      try House.text("Sources/PoolFuzzing/PoolFuzzing.docc/Flows.md").components(separatedBy: "\n"))
    #expect(questions.count >= 7 && Set(flows.map(\.heading)).count == 5)
    for hop in questions + flows {
      let text = try? House.text(hop.file)
      #expect(text?.contains(hop.declaration) == true, "\(hop.declaration) in \(hop.file)")
    }
    // No flow steps back: a file that was left does not come again.
    for (heading, hops) in Dictionary(grouping: flows, by: \.heading) {
      #expect(Set(hops.map(\.file)).count == hops.count, "\(heading)")
    }
    #expect(
      Self.hops(["# A", "| a | `b` | `c.swift` |", "| a | `b` | c |", "|---|---|---|"]).count == 1)
  }

  /// What touches files, descriptors and processes beside the module that may: imports of a system's
  /// library, and Foundation's ways to the same.
  private static func complaintsAboutTheSystem(_ lines: [String]) -> [Int] {
    let libraries = ["Glibc", "Musl", "Darwin", "WinSDK"].map { "import \($0)" }
    let names = try? Regex(
      #"\b(FileManager|FileHandle|ProcessInfo|Process\(|Thread\.sleep|contentsOf: URL|contentsOfFile)"#
    )
    return lines.enumerated().compactMap { index, line in
      let text = line.drop { $0 == " " }
      if libraries.contains(where: { text.hasPrefix($0) }) { return index + 1 }
      guard let names, !text.hasPrefix("//"), text.contains(names) else { return nil }
      return index + 1
    }
  }

  @Test("one module goes to the system, and all others through it")
  func wall() throws {
    let files = try House.files(below: "Sources").filter {
      // libFuzzer's own entry points, which no other build has.
      !$0.path.hasPrefix("Sources/Platform/") && !$0.path.hasSuffix("Engine/FuzzEntry.swift")
    }
    #expect(files.count > 100)
    for file in files { #expect(Self.complaintsAboutTheSystem(file.lines) == [], "\(file.path)") }
    let broken = [
      "import Foundation", "  import Glibc", "let a = FileManager.default", "// FileManager",
      "Thread.sleep(forTimeInterval: 1)", "bytes.append(contentsOf: piece)",
    ]
    #expect(Self.complaintsAboutTheSystem(broken) == [2, 3, 5])
  }

  private func modules() throws -> [String] { try folders("Sources") }

  private func folders(_ name: String) throws -> [String] {
    let path = House.folder.appendingPathComponent(name).path
    return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }
      .sorted()
  }

  /// A factor of SplitMix64 and one of the common linear congruence, put together here so that this
  /// file has neither.
  private static let factors = ["94d049bb" + "133111eb", "63641362238" + "46793005"]

  @Test("numbers from a seed come from the generators of the package, in the tests too")
  func oneRandomSource() throws {
    let files = try House.files(below: "Sources") + House.files(below: "Tests")
    let written = files.filter { file in
      file.lines.contains { line in
        let digits = line.lowercased().replacing("_", with: "")
        return Self.factors.contains { digits.contains($0) }
      }
    }
    // A fill pattern is mixed by the same steps; it draws nothing.
    let expect = ["PoolInvariants/FillPattern", "PropertyTesting/Choices/Seed"]
    #expect(written.map(\.path) == expect.map { "Sources/\($0).swift" })
  }

  /// What the model does not know: facts marked unverified in its sources, rows of the manual's table of
  /// unpublished facts, reasons for which the reference allocator says nothing. Each may only fall; where
  /// one did, lower it here and in the article.
  private static let doubts = [("facts marked unverified", 24), ("unpublished", 16), ("open", 6)]

  private static func rows(of path: String, below heading: String) throws -> Int {
    let lines = try House.text(path).components(separatedBy: "\n")
    let section = lines.drop { $0 != "## " + heading }.dropFirst().prefix { !$0.hasPrefix("## ") }
    return section.count { $0.hasPrefix("|") } - 2
  }

  @Test("what is unverified, unpublished or open is counted, and only becomes less")
  func doubtsOnlyFall() throws {
    let article = "Sources/KernelPool/KernelPool.docc/Divergences.md"
    let marked = try House.files(below: "Sources/KernelPool").reduce(0) { count, file in
      count + file.lines.count { $0.contains("**unverified**") }
    }
    let counts = [
      marked, try Self.rows(of: article, below: "What nobody has published"),
      try Self.rows(
        of: "Sources/PoolReference/PoolReference.docc/PoolReference.md", below: "What is open"),
    ]
    for (count, (name, most)) in zip(counts, Self.doubts) {
      #expect(count == most, "\(name): \(count), kept \(most)")
    }
    let sentence =
      "\(counts[0]) facts are marked so in the sources, \(counts[1]) questions stand in the"
    #expect(try House.text(article).contains(sentence))
  }

  @Test("the project speaks of itself alone")
  func noPaths() throws {
    let places = ["Sources", "Tests", "Corpus", "Fuzz", ".ci"].flatMap { House.paths(below: $0) }
    let words = ["/work" + "/", "/root" + "/", "/home" + "/"]
    for path in places + ["README.md", "CONTRIBUTING.md", "Package.swift"] {
      guard !path.contains("/Golden/"), !path.contains("/Listings/"),
        !path.contains("Corpus/recorded"), !path.contains("Corpus/fuzz"),
        let text = try? House.text(path)
      else { continue }
      for word in words { #expect(!text.contains(word), "\(path) names \(word)") }
    }
  }
}
