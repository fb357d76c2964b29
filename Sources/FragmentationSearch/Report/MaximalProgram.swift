import ContentHash
import PoolBounds

/// A program that fragments a pool, with the contest it is for and what it promises: a trace told in
/// one line instead of a million, which anybody can run again.
public struct MaximalProgram: Sendable, Hashable {
  /// The name of the profile, or of the geometry where there is none.
  public let profile: String
  /// The pool.
  public let geometry: PoolGeometry
  /// Its policy.
  public let rules: PlacementRules
  /// The cap on live units.
  public let peakLiveUnits: Int
  /// What it does.
  public let program: SearchProgram
  /// The limit on operations that it runs under.
  public let limit: Int
  /// The most pages held: a promise.
  public let pages: Int
  /// Operations of the trace: a promise.
  public let operations: Int
  /// A hash over all operations in their order: a promise.
  let traceHash: UInt64
  /// The name of the kind of behaviour: a promise.
  public let cell: String

  /// A program of a contest, run to learn what can be promised.
  public init(_ query: FragmentationQuery, _ elite: SearchElite) {
    let run = Self.run(query, elite.program, elite.outcome.limit)
    profile = query.profile
    geometry = query.geometry
    rules = query.rules
    peakLiveUnits = query.peakLiveUnits
    program = elite.program
    limit = elite.outcome.limit
    pages = run.outcome.pages
    operations = run.trace.count
    traceHash = Self.hash(run.trace)
    cell = ArchiveCell(run.outcome, query.geometry).name
  }

  private static func run(
    _ query: FragmentationQuery, _ program: SearchProgram, _ limit: Int
  ) -> (outcome: SearchOutcome, footprint: Footprint, trace: [AbstractOperation]) {
    program.run(
      SearchQuestion(
        geometry: query.geometry, rules: query.rules, peakLiveUnits: query.peakLiveUnits,
        operations: 0, seed: 0), .on, mostOperations: limit)
  }

  /// FNV-1a over slots and units.
  private static func hash(_ trace: [AbstractOperation]) -> UInt64 {
    var hash = ContentHash()
    func add(_ number: Int) { hash.add(UInt64(number)) }
    for operation in trace {
      switch operation {
      case .allocate(let slot, let units, _):
        add(slot)
        add(units)
      case .free(let slot):
        add(slot)
        add(0)
      }
    }
    return hash.value
  }

  /// The contest as a query.
  public var query: FragmentationQuery {
    FragmentationQuery(
      profile: profile, geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits)
  }

  /// A name of the contest for folders.
  public var contestName: String { Self.contestName(query) }

  /// A name of a contest for folders.
  public static func contestName(_ query: FragmentationQuery) -> String {
    let geometry = query.geometry
    return "\(query.profile)_\(geometry.pageUnits)-\(geometry.smallestBlockUnits)"
      + "-\(geometry.largestBlockUnits)_\(query.rules.remainderOrder.rawValue)"
      + "_\(query.rules.exactFit.rawValue)_\(query.peakLiveUnits)"
  }

  /// The program as a search takes it in: run, not believed.
  public var elite: SearchElite {
    SearchElite(program: program, outcome: Self.run(query, program, limit).outcome)
  }

  /// The operations.
  public var trace: [AbstractOperation] { Self.run(query, program, limit).trace }

  /// The promises that it does not keep, one sentence each; empty where all hold.
  public var problems: [String] {
    let run = Self.run(query, program, limit)
    let bound = query.bound().upperBound
    let facts: [(name: String, promised: String, found: String)] = [
      ("pages", "\(pages)", "\(run.outcome.pages)"),
      ("operations", "\(operations)", "\(run.trace.count)"),
      ("trace-hash", "\(traceHash)", "\(Self.hash(run.trace))"),
      ("cell", cell, ArchiveCell(run.outcome, geometry).name),
    ]
    var problems = facts.filter { $0.promised != $0.found }.map {
      "\($0.name) is promised to be \($0.promised) and is \($0.found)"
    }
    if run.footprint.peakLiveUnits > peakLiveUnits {
      problems.append("\(run.footprint.peakLiveUnits) units are live, the cap is \(peakLiveUnits)")
    }
    if run.outcome.pages > bound.pages { problems.append("it exceeds the bound \(bound.pages)") }
    return problems
  }
}

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

  private static let heading = "poolfuzz program 2"
  /// The heading of files that end without a hash.
  private static let oldHeading = "poolfuzz program 1"

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
    return ContentHash.sealed(
      """
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

      """)
  }

  /// Reads ``text``.
  ///
  /// - Throws: ``TextError`` for the first line that says something else.
  public init(text: String) throws(TextError) {
    var lines = Lines(text)
    let heading = lines.next() ?? ""
    guard heading == Self.heading || heading == Self.oldHeading else {
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
    if heading == Self.heading {
      _ = try lines.value("hash", "sixteen digits")
      guard ContentHash.unsealed(text) != nil else {
        throw TextError(line: lines.number, expected: "the hash of what stands above it")
      }
    }
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
