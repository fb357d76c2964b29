import ContentHash
import Foundation
import FragmentationSearch
import PoolFuzzing
import PoolOracles
import PoolTestSupport
import PropertyTesting
import Testing

@testable import poolfuzz

/// Whatever byte of a saved file is another one, it is no longer taken for what was saved; and where
/// the hash was made to fit, what it says is refused or read, and nothing breaks.
struct SavedFileTests {
  /// A kind of saved file.
  struct Kind: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    /// Whether bytes are taken for a whole file of this kind.
    let isRead: @Sendable ([UInt8]) -> Bool
    /// A text with the hash that belongs to it, from one with any.
    let rehashed: @Sendable (String) -> String

    var testDescription: String { name }
  }

  private static func rehashed(_ text: String) -> String {
    ContentHash.sealed(String(text.utf8.dropLast(22)) ?? "")
  }

  private static func state(
    _ kind: String, _ body: String, isRead: @escaping @Sendable (Substring) -> Bool
  ) -> Kind {
    let file = StateFile(base: "none", kind: kind, format: 9, plan: "seed=1")
    return Kind(
      name: kind, text: file.text(body), isRead: { file.body(of: $0).map(isRead) ?? false },
      rehashed: rehashed)
  }

  static let kinds: [Kind] = {
    var target = SavedTargetCampaign()
    target.next = 17
    target.flaky = [FailureIdentity("target.crash after alloc")]
    target.filed = [filed]
    return [
      state("campaign", campaign.text) { SavedCampaign.reading($0) != nil },
      state("target campaign", target.text) { SavedTargetCampaign.reading($0) != nil },
      Kind(
        name: "certificate", text: certificate,
        isRead: { (try? Certificate(parsing: String(decoding: $0, as: UTF8.self))) != nil },
        rehashed: rehashed),
      Kind(
        name: "program", text: program,
        isRead: { (try? MaximalProgram(text: String(decoding: $0, as: UTF8.self))) != nil },
        rehashed: rehashed),
      Kind(
        name: "table", text: table,
        isRead: { (try? RecordedTable.rows(of: $0, "table").rows.count) == 2 },
        rehashed: { text in
          text.split(separator: "\n").map { MutantRowText.hashed($0.dropLast(27)) + "\n" }.joined()
        }),
    ]
  }()

  private static let filed = FiledFinding(
    identity: FailureIdentity("list.link after free"), profile: "small-lists", number: 7,
    operationsBefore: 90, operationsAfter: 3, executions: 40, isOneMinimal: true, trace: "a.trace",
    certificate: "a.certificate", metWhile: nil, mutant: .splitLosesUnit)

  private static let engine: FuzzEngine = {
    let names = ["small-lists", "pages"]
    var plan = FuzzPlan(seed: Seed(1), profiles: names.compactMap(GeneratorProfile.named))
    plan.mutant = .splitLosesUnit
    plan.operationsPerTrace = 16
    plan.canaryInterval = 100
    return FuzzEngine(plan)
  }()

  private static let waiting: [TriageQueue.Item] = (engine.runEpoch(jobs: 1) ?? []).prefix(1).map {
    TriageQueue.Item(trace: $0.trace, profile: $0.profile, number: $0.number)
  }

  private static let campaign: SavedCampaign = {
    var contents = TriageQueue.Contents()
    contents.waiting = waiting
    contents.filed = [filed]
    contents.known = [filed.identity]
    return SavedCampaign(state: engine.state, contents: contents, seconds: 1.5, runSeconds: 0.5)
  }()

  private static let certificate: String = {
    guard let trace = waiting.first?.trace, let identity = PoolShrinker.identity(of: trace),
      let certificate = Certificate(of: trace, identity, execute: PoolShrinker.execute)
    else { return "" }
    return certificate.description
  }()

  /// Read from the form that had no hash.
  private static let program: String = {
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
  }()

  private static let table: String = {
    GeneratorProfile.healthy.prefix(2).map { profile in
      let row = MutantRow(.freeNotCounted, profile, firstSeed: 1, seeds: 1, operationLimit: 64)
      return MutantRowText(row, seconds: [0.25], shrinks: false, settings: "seeds=1").hashedJSON
        + "\n"
    }.joined()
  }()

  /// Places in a file: all of them, or some from everywhere, its ends among them.
  private static func places(_ count: Int) -> [Int] {
    let step = TestScale.isWhole ? 1 : max(1, count / 40)
    return Array(stride(from: 0, to: count, by: step)) + [count - 2, count - 1]
  }

  @Test(arguments: kinds)
  func noChangedByteIsTakenForWhatWasSaved(_ kind: Kind) {
    let bytes = Array(kind.text.utf8)
    guard bytes.count > 100, kind.isRead(bytes) else {
      Issue.record("no \(kind.name): '\(kind.text.prefix(300))'")
      return
    }
    for place in Self.places(bytes.count) {
      for change in [1, 0x02, 0x20, 0x80] as [UInt8] {
        var changed = bytes
        changed[place] ^= change
        #expect(!kind.isRead(changed), "byte \(place) of '\(kind.text)' as \(changed[place])")
      }
      var shorter = bytes
      shorter.remove(at: place)
      #expect(!kind.isRead(shorter), "without byte \(place)")
      #expect(!kind.isRead(Array(bytes.prefix(place))), "the first \(place) bytes")
      #expect(!kind.isRead(Array(bytes[..<place] + bytes[place..<place + 1] + bytes[place...])))
    }
    #expect(!kind.isRead([]))
  }

  @Test(arguments: kinds)
  func aHashThatFitsMakesNoLieABreakdown(_ kind: Kind) {
    #expect(kind.rehashed(kind.text) == kind.text)
    let numbers = kind.text.ranges(of: /[0-9]+/)
    var refused = 0
    for place in Self.places(numbers.count) {
      for value in ["-1", "nan", "18446744073709551615", "99999999999999999999", "\u{1b}[2J", ""] {
        let changed = kind.text.replacingCharacters(in: numbers[place], with: value)
        if !kind.isRead(Array(kind.rehashed(changed).utf8)) { refused += 1 }
      }
    }
    #expect(refused > 0)
  }
}
