import ContentHash
import FragmentationSearch
import PoolBounds
import PoolFuzzing
import PropertyTesting

/// A kind of file that a run writes and a later one reads, as the fuzz target of saved files sees it.
public struct SavedKind: Sendable {
  /// What it is, as a message would call it.
  public let name: String
  /// Whether its text ends with its hash, or each of its lines does.
  public let isSealed: Bool
  /// A whole file around what an input says: the first lines and the hash are made to fit.
  public let whole: @Sendable (_ input: String) -> String
  /// A file with the hash that belongs to it, from one with any.
  public let rehashed: @Sendable (_ file: String) -> String
  /// Reads a file as the verbs do, goes on from what it says for a moment, and writes it again; nil
  /// where it is refused.
  public let rewritten: @Sendable (_ file: [UInt8]) -> String?

  /// All of them: what the verbs keep in files and read again.
  public static let all: [SavedKind] =
    [campaign, targetCampaign]
    + FragmentationQuery.Algorithm.allCases.filter { $0.fromScratch != nil }.map(search)
    + [certificate, program, table, finding]

  /// The plan of the campaigns; small, so that going on takes no time.
  public static let plan: FuzzPlan = {
    let names = ["small-lists", "pages"]
    var plan = FuzzPlan(seed: Seed(1), profiles: names.compactMap(GeneratorProfile.named))
    plan.mutant = .splitLosesUnit
    plan.operationsPerTrace = 16
    plan.tracesPerBatch = 4
    return plan
  }()

  private static func resealed(_ file: String) -> String {
    ContentHash.sealed(String(decoding: file.utf8.dropLast(ContentHash.sealLength), as: UTF8.self))
  }

  // MARK: States of campaigns

  private static func state(
    _ name: String, _ rewritten: @escaping @Sendable (Substring) -> String?
  ) -> SavedKind {
    let saved = SavedText(kind: name, format: 1, plan: "seed=1")
    return SavedKind(
      name: name, isSealed: true, whole: { saved.text($0) },
      rehashed: resealed,
      rewritten: { saved.body(of: $0).flatMap(rewritten).map { saved.text($0) } })
  }

  private static let campaign = state("campaign") { body in
    guard let read = SavedCampaign.reading(body, of: plan) else { return nil }
    _ = read.state.scheduler.noveltyPerMillion
    // The traces of a state may ask for machines that take long to set up.
    if read.state.corpus.traces.isEmpty {
      _ = FuzzEngine(plan, state: read.state).runEpoch(jobs: 1, batchLimit: 1)
    }
    return read.text
  }

  private static let targetCampaign = state("target campaign") {
    SavedTargetCampaign.reading($0)?.text
  }

  private static func search(_ algorithm: FragmentationQuery.Algorithm) -> SavedKind {
    let fresh = freshSearch(algorithm)
    return state("search by \(algorithm.rawValue)") { body in
      guard var read = fresh, read.restore(String(body)) else { return nil }
      let text = read.text
      read.runEpochHere()
      _ = read.elites
      return text
    }
  }

  /// A small search at its beginning; nil for the algorithms that have no state.
  public static func freshSearch(_ algorithm: FragmentationQuery.Algorithm) -> SearchCampaign? {
    guard
      let geometry = try? PoolGeometry(
        pageUnits: 32, smallestBlockUnits: 2, largestBlockUnits: 32, unitBytes: 8, headerBytes: 0)
    else { return nil }
    let question = SearchQuestion(
      geometry: geometry,
      rules: PlacementRules(
        remainderOrder: .tail, exactFit: .taken, freedOrder: .tail, fit: .smallestList),
      peakLiveUnits: 96, operations: 1600, seed: 1, streams: 2)
    // Lists of operations as long as usual would be most of the state.
    let search: (any SearchAlgorithm)? =
      switch algorithm {
      case .rawGenetic: RawSearch(.genetic, traceOperations: 24)
      case .onePlusOne: RawSearch(traceOperations: 24)
      default: algorithm.fromScratch
      }
    return search.map { SearchCampaign(question, $0) }
  }

  // MARK: What is found

  private static func sealed(
    _ name: String, _ rewritten: @escaping @Sendable (String) -> String?
  ) -> SavedKind {
    SavedKind(
      name: name, isSealed: true, whole: { ContentHash.sealed($0) },
      rehashed: resealed,
      rewritten: { String(validating: $0, as: UTF8.self).flatMap(rewritten) })
  }

  private static let certificate = sealed("certificate") {
    (try? Certificate(parsing: $0))?.description
  }

  private static let program = sealed("program") { text in
    guard let program = try? MaximalProgram(text: text) else { return nil }
    // A promise of little is held against what the program does.
    if program.limit <= 4096, program.peakLiveUnits <= 4096 { _ = program.problems }
    return program.text
  }

  private static let table = SavedKind(
    name: "table", isSealed: true,
    whole: { input in
      input.split(separator: "\n").map { RecordedRow.hashed($0) + "\n" }.joined()
    },
    rehashed: { file in
      file.split(separator: "\n").map { line in
        RecordedRow.hashed(Substring(line.utf8.dropLast(RecordedRow.hashLength))) + "\n"
      }.joined()
    },
    rewritten: { file in
      guard let table = try? RecordedRow.table(file), !table.rows.isEmpty,
        table.whole.utf8.count == file.count
      else { return nil }
      return table.whole
    })

  private static let finding = SavedKind(
    name: "finding", isSealed: false, whole: { $0 }, rehashed: { $0 },
    rewritten: { file in
      guard let text = String(validating: file, as: UTF8.self) else { return nil }
      return (try? FoundTrace(text: text, certificate: nil))?.text
    })
}

extension SavedKind: CustomStringConvertible {
  /// Its name.
  public var description: String { name }
}
