import Foundation
import FragmentationSearch
import FuzzHarness
import PoolFuzzing
import PoolTestSupport
import PropertyTesting
import Testing

/// Whatever byte of a saved file is another one, it is no longer taken for what was saved; and where
/// the hash was made to fit, what it says is refused or read, and nothing breaks.
struct SavedFileTests {
  /// What a run saves of a kind, the hash left out.
  static func saved(_ kind: SavedKind) -> String {
    switch kind.name {
    case "campaign": return campaign
    case "target campaign":
      var target = SavedTargetCampaign()
      target.next = 17
      target.openCount = 2
      target.flaky = [FailureIdentity("target.crash after alloc")]
      target.filed = [filed]
      target.kept = [3, 16]
      return target.text
    case "certificate": return String(certificate.dropLast(22))
    case "program": return String(program.dropLast(22))
    case "table": return table
    case "finding": return finding
    default:
      let algorithm = FragmentationQuery.Algorithm.allCases.first {
        kind.name == "search by \($0.rawValue)"
      }
      guard let algorithm, var search = SavedKind.freshSearch(algorithm) else { return "" }
      for _ in 0..<2 { search.runEpochHere() }
      return search.text
    }
  }

  private static let filed = FiledFinding(
    identity: FailureIdentity("list.link after free"), profile: "small-lists", number: 7,
    operationsBefore: 90, operationsAfter: 3, executions: 40, isOneMinimal: true, trace: "a.trace",
    certificate: "a.certificate", metWhile: nil, mutant: .splitLosesUnit)

  private static let engine = FuzzEngine(SavedKind.plan)

  private static let waiting: [WaitingTrace] = {
    var found: [FuzzBatch.Finding] = []
    while found.isEmpty, engine.state.nextBatch < 64 { found = engine.runEpoch(jobs: 1) ?? [] }
    return found.prefix(1).map {
      WaitingTrace(trace: $0.trace, profile: $0.profile, number: $0.number)
    }
  }()

  private static let campaign: String = {
    var findings = CampaignFindings()
    findings.waiting = waiting
    findings.filed = [filed]
    findings.known = [filed.identity]
    return SavedCampaign(state: engine.state, findings: findings, seconds: 1.5, runSeconds: 0.5)
      .text
  }()

  private static var certificate: String {
    guard let trace = waiting.first?.trace, let identity = PoolShrinker.identity(of: trace),
      let certificate = Certificate(of: trace, identity, execute: PoolShrinker.execute)
    else { return "" }
    return certificate.description
  }

  private static var finding: String {
    guard let trace = waiting.first?.trace, let identity = PoolShrinker.identity(of: trace)
    else { return "" }
    let text = FoundTrace(trace, identity, nil).text
    // Read again it names the checks of a replay.
    return (try? FoundTrace(text: text, certificate: nil))?.text ?? ""
  }

  /// Read from the form that had no hash.
  private static var program: String {
    let old = """
      poolfuzz program 1
      profile abstract
      geometry 32 2 32 8 0
      rules tail taken tail smallestList
      peak-live-units 200
      program macro page keep; release 1
      limit 64
      pages 3
      operations 12
      trace-hash 17
      cell hole-1

      """
    return (try? MaximalProgram(text: old))?.text ?? ""
  }

  private static let table = """
    {"mutant":"free-not-counted","mechanism":"counters","profile":"small-lists","settings":"seeds=1",\
    "seeds":1,"killed":1,"executions_median":2,"executions_p95":2,"operations_median":9,\
    "operations_p95":9,"seconds_p95":0.25,"invariants":["counters.outstanding"],"latency_median":0,\
    "length_before":null,"length_after":null,"alone":[{"rule":"counters.outstanding","seed":1,\
    "trace":3,"operations":9}],"version":1
    {"mutant":"free-not-counted","mechanism":"counters","profile":"pages","settings":"seeds=1",\
    "seeds":1,"killed":0,"alone":[],"version":1
    """

  /// Places in a file: all of them, or some from everywhere, its ends among them.
  private static func places(_ count: Int) -> [Int] {
    let step = TestScale.isWhole ? 1 : max(1, count / 8)
    return Array(stride(from: 0, to: count, by: step)) + [count - 2, count - 1]
  }

  @Test(arguments: SavedKind.all)
  func noChangedByteIsTakenForWhatWasSaved(_ kind: SavedKind) {
    let bytes = Array(kind.whole(Self.saved(kind)).utf8)
    guard bytes.count > 60, kind.rewritten(bytes) == String(decoding: bytes, as: UTF8.self) else {
      Issue.record("no \(kind.name): '\(String(decoding: bytes, as: UTF8.self))'")
      return
    }
    // A finding is told by its name, which is the hash of its text.
    guard kind.isSealed else { return }
    for place in Self.places(bytes.count) {
      for change in [1, 0x02, 0x20, 0x80] as [UInt8] {
        var changed = bytes
        changed[place] ^= change
        #expect(kind.rewritten(changed) == nil, "byte \(place) as \(changed[place])")
      }
      var other = bytes
      other.remove(at: place)
      #expect(kind.rewritten(other) == nil, "without byte \(place)")
      other = bytes
      other.insert(bytes[place], at: place)
      #expect(kind.rewritten(other) == nil, "byte \(place) twice")
      let start = Array(bytes.prefix(place))
      // Whole rows are a shorter table.
      if kind.name == "table", start.last == 0x0A { continue }
      #expect(kind.rewritten(start) == nil, "the first \(place) bytes")
    }
    #expect(kind.rewritten([]) == nil)
  }

  @Test(arguments: SavedKind.all)
  func aHashThatFitsMakesNoLieABreakdown(_ kind: SavedKind) {
    let text = kind.whole(Self.saved(kind))
    #expect(kind.rehashed(text) == text)
    let numbers = text.ranges(of: /[0-9]+/)
    var refused = 0
    for place in Self.places(numbers.count) {
      for value in ["-1", "nan", "18446744073709551615", "99999999999999999999", "\u{1b}[2J", ""] {
        let changed = text.replacingCharacters(in: numbers[place], with: value)
        if kind.rewritten(Array(kind.rehashed(changed).utf8)) == nil { refused += 1 }
      }
    }
    #expect(refused > 0)
  }

  @Test func everyKindIsAmongTheInputsOfTheFuzzTarget() throws {
    let subject = try #require(FuzzSubject.named("state"))
    let firsts = FuzzCorpusTests.inputs(subject).compactMap { $0.bytes.first }
    #expect(Set(firsts.map { SavedHarness.kind($0).name }).count == SavedKind.all.count)
  }
}
