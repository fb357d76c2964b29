import ContentHash
import Foundation
import KernelPool
import PoolFuzzing
import PoolOracles
import PoolTrace
import PropertyTesting

/// What the options of `fuzz` ask for.
struct FuzzSettings {
  /// What is run.
  var plan: FuzzPlan
  /// What is checked.
  var level: CheckLevel
  /// How many batches at most; nil without a limit.
  var batchLimit: UInt64?
  /// Threads.
  var jobs: Int
  /// The corpus folder.
  var folder: String
  /// Whether it ends with the epoch of the first failure.
  var stopsAtFirst: Bool
  /// Whether findings are reduced.
  var shrinks: Bool
  /// Whether the novel traces are filed at the end.
  var keeps: Bool
  /// The plan in words, without its seed: what a state file must agree with.
  var fingerprint: String

  init(_ arguments: ParsedArguments) throws(CommandFailure) {
    let profiles = try Self.profiles(arguments.values("--profile"))
    folder = arguments.value("--corpus") ?? "Corpus"
    plan = FuzzPlan(seed: Seed(0), profiles: profiles)
    plan.mutant = try arguments.choice("--mutant", default: Mutant.none)
    level = try arguments.checkLevel()
    plan.oracles = OracleSet(level)
    if let operations = try arguments.number("--operations") {
      plan.operationsPerTrace = max(8, Int(clamping: min(operations, 1 << 20)))
    }
    plan.canaryInterval = try arguments.number("--canary") ?? 100
    if plan.oracles == .none { plan.canaryInterval = 0 }
    fingerprint = Self.fingerprint(plan, isSwarm: arguments.has("--swarm"))
    let traces = try arguments.number("--traces")
    if traces == nil, arguments.value("--for") == nil, !arguments.has("--forever") {
      batchLimit = 10_000 / UInt64(plan.tracesPerBatch)
    }
    if let traces {
      let perBatch = UInt64(plan.tracesPerBatch)
      batchLimit = traces / perBatch + (traces % perBatch == 0 ? 0 : 1)
    }
    jobs = try arguments.jobs()
    stopsAtFirst = arguments.has("--first")
    shrinks = !arguments.has("--no-shrink")
    keeps = arguments.has("--keep")
    plan.seed = try Self.seed(arguments, unfinishedIn: folder + "/fuzz", planHash)
    if arguments.has("--swarm") { plan.profiles = Self.swarm(profiles, plan.seed) }
  }

  // MARK: Seeds

  /// The seed of the option, else one that nobody chose.
  static func seed(_ arguments: ParsedArguments) throws(CommandFailure) -> Seed {
    try chosenSeed(arguments) ?? Seed(UInt64.random(in: 0...1 << 32))
  }

  /// The seed of the option, else that of the latest campaign that has not ended and whose state
  /// lies in `folder` under the hash of its plan, else one that nobody chose.
  static func seed(
    _ arguments: ParsedArguments, unfinishedIn folder: String, _ planHash: String
  ) throws(CommandFailure) -> Seed {
    if !arguments.has("--seed"), let seed = StateFile.unfinishedSeed(in: folder, planHash) {
      return seed
    }
    return try seed(arguments)
  }

  private static func chosenSeed(_ arguments: ParsedArguments) throws(CommandFailure) -> Seed? {
    guard let text = arguments.value("--seed") else { return nil }
    do {
      return try Seed(parsing: text)
    } catch {
      throw .usage("--seed is a number or a commit identifier, not '\(text)'")
    }
  }

  // MARK: Names of files

  /// The path, without its extension, of what belongs to this campaign.
  var base: String { "\(folder)/fuzz/\(plan.seed)-\(planHash)" }

  /// The path, without its extension, of the report of the latest campaign.
  var report: String { "\(folder)/fuzz/report" }

  /// A short name of the plan apart from its seed.
  private var planHash: String { String(ContentHash.of(fingerprint).prefix(8)) }

  private static func fingerprint(_ plan: FuzzPlan, isSwarm: Bool) -> String {
    let versions = plan.profiles.first?.machines.versions.joined(separator: "+") ?? ""
    let names = plan.profiles.map(\.name).joined(separator: "+")
    return "profiles=\(names) versions=\(versions) swarm=\(isSwarm ? 1 : 0)"
      + " mutant=\(plan.mutant.rawValue) oracles=\(plan.oracles.rawValue)"
      + " canary=\(plan.canaryInterval) operations=\(plan.operationsPerTrace)"
  }

  // MARK: Profiles and checks

  private static func profiles(_ names: [String]) throws(CommandFailure) -> [GeneratorProfile] {
    var profiles: [GeneratorProfile] = []
    var versions: [String] = []
    for name in names {
      if let profile = GeneratorProfile.named(name) {
        profiles.append(profile)
      } else if Profile.named(name) != nil {
        versions.append(name)
      } else {
        let all = GeneratorProfile.all.map(\.name) + Profile.all.map(\.name)
        throw .usage("--profile is one of \(all.joined(separator: ", ")), not '\(name)'")
      }
    }
    if profiles.isEmpty { profiles = GeneratorProfile.all }
    guard !versions.isEmpty else { return profiles }
    return profiles.map { profile in
      var restricted = profile
      restricted.machines.versions = versions
      return restricted
    }
  }

  /// Each profile stays with an even chance; one at least does.
  private static func swarm(_ profiles: [GeneratorProfile], _ seed: Seed) -> [GeneratorProfile] {
    var choices = RandomChoices(seed: seed, stream: .max)
    let kept = profiles.filter { _ in choices.chance(1, in: 2) }
    return kept.isEmpty ? [choices.draw(from: profiles)] : kept
  }

  /// The longest time that an option takes: a hundred years.
  private static let longestSeconds: Double = 100 * 365 * 86_400

  /// A time such as 90s, 30m, 8h or 2d.
  static func seconds(_ text: String) throws(CommandFailure) -> Double {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let last = text.last, let number = Double(text.dropLast()), let unit = units[last],
      number > 0, number * unit <= longestSeconds
    else {
      throw .usage(
        "a time is a number and s, m, h or d, such as 30m, up to a hundred years, not '\(text)'")
    }
    return number * unit
  }
}
