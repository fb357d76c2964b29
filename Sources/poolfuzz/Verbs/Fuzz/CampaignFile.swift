import Foundation
import KernelPool
import PoolFuzzing
import PoolOracles
import PropertyTesting

/// The state of a campaign as a file: one text, written whole, from which a killed run goes on.
///
/// It holds everything that the rest of the campaign depends on: what the engine has come to, the
/// findings that are not filed yet, and what has been filed.
struct CampaignFile {
  /// A campaign as it was saved.
  struct Saved {
    /// The engine's state.
    var state: FuzzState
    /// The findings.
    var books: FindingDesk.Books
    /// Seconds that it has run.
    var seconds: Double
    /// Seconds that its last run had, where that was ended before its time; else 0.
    var runSeconds: Double
  }

  /// Where it lies.
  let path: String
  /// What the campaign does, its seed included.
  let plan: String

  private static let heading = "poolfuzz campaign 5"
  private static let lastLine = "whole"

  // MARK: Writing

  /// The text of the file.
  func text(
    _ state: FuzzState, _ books: FindingDesk.Books, seconds: Double, runSeconds: Double
  ) -> String {
    var text = "\(Self.heading)\nplan \(plan)\nseconds \(seconds)\nrun \(runSeconds)\n"
    text += "next \(state.nextBatch)\n"
    text += "canaries \(state.canaryCount) \(state.caughtCanaries)\n"
    text += "reference \(state.referenceCounts.text)\n"
    for account in state.bandit.accounts {
      let numbers = account.numbers.map(String.init).joined(separator: " ")
      text += "profile \(account.name) \(numbers)\n"
    }
    for (identity, count) in state.failureCounts.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      text += "failure \(count) \(identity)\n"
    }
    for identity in books.known.map(\.description).sorted() { text += "known \(identity)\n" }
    for filed in books.filed { text += "filed \(filed.line)\n" }
    text += "kept \(state.corpus.keptCount)\n"
    text += "signature \(Self.text(state.corpus.signature))\n"
    for trace in state.corpus.traces { text += "trace\n" + trace.text() + "end\n" }
    for item in books.waiting {
      let met = item.metWhile.map { "\($0)" } ?? ""
      text += "waiting \(item.number) \(item.profile) \(item.trace.configuration.mutant.rawValue)"
      text += " \(met)\n" + item.trace.text() + "end\n"
    }
    return text + Self.lastLine + "\n"
  }

  /// The features as the distances between them: most are small.
  private static func text(_ signature: StateSignature) -> String {
    var last: StateSignature.Feature = 0
    return signature.features.map { feature in
      defer { last = feature }
      return String(feature - last, radix: 36)
    }.joined(separator: " ")
  }

  /// Removes the file of a campaign that has ended.
  func remove() { unlink(path) }

  // MARK: Reading

  /// Where a campaign was; nil where there is none. Throws where the file is of something else.
  func load() throws(CommandFailure) -> Saved? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let text = String(decoding: data, as: UTF8.self)
    guard let saved = Self.parse(text, plan) else {
      throw CommandFailure(
        message: "\(path): expected the state of the campaign '\(plan)';"
          + " remove the file to begin again",
        code: .badInput)
    }
    return saved
  }

  private static func parse(_ text: String, _ plan: String) -> Saved? {
    var reader = Reader(text)
    guard reader.next().map(String.init) == heading,
      reader.next().map(String.init) == "plan \(plan)"
    else { return nil }
    while let line = reader.next() {
      if line == lastLine { return reader.saved }
      guard reader.take(line) else { return nil }
    }
    return nil
  }

  /// Reads line by line and collects.
  private struct Reader {
    private var lines: ArraySlice<Substring>
    private var accounts: [ProfileAccount] = []
    private var numbers: [String: [UInt64]] = [:]
    private var counts: [FailureIdentity: UInt64] = [:]
    private var referenceCounts: ReferenceCounts?
    private var books = FindingDesk.Books()
    private var signature: StateSignature?
    private var traces: [PoolFuzzTrace] = []
    private var seconds = 0.0
    private var runSeconds = 0.0

    init(_ text: String) { lines = text.split(separator: "\n")[...] }

    mutating func next() -> Substring? { lines.popFirst() }

    /// Takes a line in; false where it says nothing known.
    mutating func take(_ line: Substring) -> Bool {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard let word = parts.first else { return false }
      let rest = parts.count > 1 ? parts[1] : ""
      switch word {
      case "next", "kept", "canaries":
        let values = rest.split(separator: " ").compactMap { UInt64($0) }
        numbers[String(word)] = values
        return values.count == (word == "canaries" ? 2 : 1)
      case "reference":
        referenceCounts = ReferenceCounts(text: rest)
        return referenceCounts != nil
      case "seconds": return Double(rest).map { seconds = $0 } != nil
      case "run": return Double(rest).map { runSeconds = $0 } != nil
      case "profile": return takeProfile(rest)
      case "failure":
        let fields = rest.split(separator: " ", maxSplits: 1)
        guard fields.count == 2, let count = UInt64(fields[0]) else { return false }
        counts[FailureIdentity(String(fields[1]))] = count
        return true
      case "known": return books.known.insert(FailureIdentity(String(rest))).inserted
      case "filed": return FiledFinding.reading(rest).map { books.filed.append($0) } != nil
      case "signature":
        signature = Self.signature(rest)
        return signature != nil
      case "trace": return trace().map { traces.append($0) } != nil
      case "waiting": return takeWaiting(rest)
      default: return false
      }
    }

    private static func signature(_ text: Substring) -> StateSignature? {
      var last: StateSignature.Feature = 0
      var features: [StateSignature.Feature] = []
      for word in text.split(separator: " ") {
        guard let distance = StateSignature.Feature(word, radix: 36) else { return nil }
        let (feature, overflow) = last.addingReportingOverflow(distance)
        guard !overflow else { return nil }
        features.append(feature)
        last = feature
      }
      return StateSignature(features)
    }

    private mutating func takeProfile(_ rest: Substring) -> Bool {
      let fields = rest.split(separator: " ")
      let numbers = fields.dropFirst().compactMap { UInt64($0) }
      guard let name = fields.first,
        let account = ProfileAccount(name: String(name), numbers: numbers)
      else { return false }
      accounts.append(account)
      return true
    }

    private mutating func takeWaiting(_ rest: Substring) -> Bool {
      let fields = rest.split(separator: " ", maxSplits: 3)
      guard fields.count >= 3, let number = UInt64(fields[0]),
        let mutant = Mutant(rawValue: String(fields[2])), var trace = trace()
      else { return false }
      trace.configuration.mutant = mutant
      let met = fields.count == 4 ? FailureIdentity(String(fields[3])) : nil
      books.waiting.append(
        FindingDesk.Item(
          trace: trace, profile: String(fields[1]), number: number, metWhile: met))
      return true
    }

    /// The trace up to the next line `end`.
    private mutating func trace() -> PoolFuzzTrace? {
      var text = ""
      while let line = lines.popFirst(), line != "end" { text += line + "\n" }
      return try? PoolFuzzTrace.reading(text, renumbering: false)
    }

    /// What was read, if nothing is missing.
    var saved: Saved? {
      guard let next = numbers["next"], let kept = numbers["kept"],
        let canaries = numbers["canaries"], let referenceCounts, let signature
      else { return nil }
      let corpus = FuzzCorpus(signature: signature, traces: traces, keptCount: kept[0])
      let state = FuzzState(
        corpus: corpus, bandit: ProfileBandit(accounts), nextBatch: next[0],
        canaryCount: canaries[0], caughtCanaries: canaries[1], referenceCounts: referenceCounts,
        failureCounts: counts)
      return Saved(state: state, books: books, seconds: seconds, runSeconds: runSeconds)
    }
  }
}
