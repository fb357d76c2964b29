import PoolBounds

extension MaximalProgram {
  /// Why a text is no program.
  public struct TextError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// What should stand there.
    public let expected: String

    /// `LINE: expected ...`, to be put behind the name of a file.
    public var description: String { "\(line): expected \(expected)" }
  }

  private static let heading = "poolfuzz program 1"

  /// The lines of a file.
  public var text: String {
    let sizes = [
      geometry.pageUnits, geometry.smallestBlockUnits, geometry.largestBlockUnits,
      geometry.unitBytes, geometry.headerBytes,
    ]
    let policy = [
      rules.remainderOrder.rawValue, rules.exactFit.rawValue, rules.freedOrder.rawValue,
      rules.fit.rawValue,
    ]
    return """
      \(Self.heading)
      profile \(profile)
      geometry \(sizes.map(String.init).joined(separator: " "))
      rules \(policy.joined(separator: " "))
      peak-live-units \(peakLiveUnits)
      program \(program.text)
      limit \(limit)
      pages \(pages)
      operations \(operations)
      trace-hash \(traceHash)
      cell \(cell)

      """
  }

  /// Reads ``text``.
  ///
  /// - Throws: ``TextError`` for the first line that says something else.
  public init(text: String) throws(TextError) {
    var lines = Lines(text)
    guard lines.next() == Self.heading[...] else {
      throw TextError(line: 1, expected: "'\(Self.heading)'")
    }
    profile = try lines.name("profile")
    let sizes = try lines.value("geometry", "five numbers").split(separator: " ").compactMap {
      Int($0)
    }
    geometry = try Self.geometry(sizes, lines.number)
    rules = try Self.rules(
      try lines.value("rules", "four words").split(separator: " ").map(String.init), lines.number)
    peakLiveUnits = try lines.count("peak-live-units", FragmentationQuery.largestSimulatedUnits)
    guard let program = SearchProgram(text: String(try lines.value("program", "a program"))) else {
      throw TextError(line: lines.number, expected: "a program, such as 'macro page; release 0'")
    }
    self.program = program
    limit = try lines.count("limit", 1 << 40)
    pages = try lines.count("pages", .max)
    operations = try lines.count("operations", .max)
    let hash = try lines.value("trace-hash", "a number")
    guard let traceHash = UInt64(hash) else {
      throw TextError(line: lines.number, expected: "a number, not '\(hash)'")
    }
    self.traceHash = traceHash
    cell = try lines.name("cell")
    guard lines.next() == nil else { throw TextError(line: lines.number, expected: "the end") }
  }

  private static func geometry(
    _ numbers: [Int], _ line: Int
  ) throws(TextError) -> PoolGeometry {
    guard numbers.count == 5 else { throw TextError(line: line, expected: "five numbers") }
    do {
      return try PoolGeometry(
        pageUnits: numbers[0], smallestBlockUnits: numbers[1], largestBlockUnits: numbers[2],
        unitBytes: numbers[3], headerBytes: numbers[4])
    } catch {
      throw TextError(line: line, expected: "sizes of a pool: \(error)")
    }
  }

  private static func rules(
    _ words: [String], _ line: Int
  ) throws(TextError) -> PlacementRules {
    guard words.count == 4, let remainder = RemainderOrder(rawValue: words[0]),
      let exactFit = ExactFit(rawValue: words[1]), let freed = FreedOrder(rawValue: words[2]),
      let fit = FitRule(rawValue: words[3])
    else { throw TextError(line: line, expected: "the words of a policy") }
    return PlacementRules(
      remainderOrder: remainder, exactFit: exactFit, freedOrder: freed, fit: fit)
  }

  /// Lines with a word and a value each.
  private struct Lines {
    private var lines: ArraySlice<Substring>
    private(set) var number = 0

    init(_ text: String) { lines = text.split(separator: "\n")[...] }

    mutating func next() -> Substring? {
      number += 1
      return lines.popFirst()
    }

    mutating func value(_ word: String, _ what: String) throws(TextError) -> Substring {
      let parts = next()?.split(separator: " ", maxSplits: 1) ?? []
      guard parts.count == 2, parts[0] == word else {
        throw TextError(line: number, expected: "'\(word)' and \(what)")
      }
      return parts[1]
    }

    /// A name that may become part of a path.
    mutating func name(_ word: String) throws(TextError) -> String {
      let name = try value(word, "a name")
      guard name.utf8.allSatisfy({ $0 > UInt8(ascii: " ") && $0 != UInt8(ascii: "/") }) else {
        throw TextError(line: number, expected: "a name without '/', not '\(name)'")
      }
      return String(name)
    }

    mutating func count(_ word: String, _ limit: Int) throws(TextError) -> Int {
      let text = try value(word, "a number")
      guard let count = Int(text), (0...limit).contains(count) else {
        throw TextError(line: number, expected: "a number of 0...\(limit), not '\(text)'")
      }
      return count
    }
  }
}
