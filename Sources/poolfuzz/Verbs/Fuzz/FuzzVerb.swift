import ContentHash
import KernelPool
import PoolFuzzing
import PoolOracles
import PoolTrace
import PropertyTesting

extension Verb {
  /// `poolfuzz fuzz`: generates traces and checks them.
  static let fuzz = Verb(
    name: "fuzz", operands: "", summary: "generates and checks traces, and files what fails",
    examples: [
      ("poolfuzz fuzz --traces 20000 --seed 7", "a fixed amount: the same seed finds the same"),
      ("poolfuzz fuzz --for 8h", "overnight; kill it at any time and give the command again"),
      ("poolfuzz fuzz --for 8h --swarm", "half of the mixes, drawn by the seed"),
      ("poolfuzz fuzz --mix lookasides --traces 5000", "one kind of traffic"),
      ("poolfuzz fuzz --profile windows-7-x64 --traces 5000", "one system"),
      ("poolfuzz fuzz --mutant no-forward-merge --traces 500", "does the alarm work?"),
      ("poolfuzz fuzz --target ./libmine.so", "your own allocator, in a process of its own"),
    ],
    options: [
      Option(
        name: "--traces", argument: .quantity("N", .count()), help: "stop after N traces (10000)"),
      Option(name: "--for", argument: .quantity("TIME", .time()), help: "stop after 90s, 30m, 8h"),
      Option(name: "--forever", argument: .none, help: "until it is interrupted"),
      Option(name: "--first", argument: .none, help: "stop at the first failure"),
      Option(
        name: "--operations", argument: .quantity("N", .count()),
        help: "operations of a trace at most (400), but for some of the mix long"),
      Option(name: "--jobs", argument: .quantity("N", .count()), help: "threads (all processors)"),
      .mix("a kind of traffic, by default all of them ('poolfuzz profiles --mixes')"),
      Option(
        name: "--profile", argument: .word("SYSTEM", .systems),
        help: "a system that all machines get, by default a draw of the seed", isRepeatable: true,
        ownerOfOldValue: { GeneratorProfile.named($0) == nil ? nil : "--mix" }),
      Option(name: "--swarm", argument: .none, help: "leave mixes out, drawn by the seed"),
      .mutant(),
      .check,
      Option(
        name: "--corpus", argument: .value("DIR"),
        help: "findings go to DIR/found, state and report to DIR/fuzz, the state on a target to"
          + " DIR/targets (\(FindingStore.usualFolder))"),
      Option(
        name: "--save-every", argument: .quantity("TIME", .time()), help: "how often it saves (30s)"
      ),
      Option(
        name: "--keep", argument: .none,
        help: "file the novel traces under DIR/kept at the end, for 'corpus minimize'"),
      Option(
        name: "--canary", argument: .quantity("N", .count()),
        help: "one trace in N tests the alarm (100)"),
      Option(name: "--no-shrink", argument: .none, help: "file findings as they are"),
    ] + TargetOptions.all,
    run: { arguments, streams in
      let libraries = TargetOptions.libraries(arguments)
      guard libraries.count <= 1 else {
        throw CommandFailure.usage(
          "fuzz tries one target, not \(libraries.joined(separator: " and "))")
      }
      if let library = libraries.first {
        return try TargetCampaign(arguments, library: library, streams).run()
      }
      try TargetOptions.requireTarget(arguments, for: ["--grid", "--strict"])
      return try FuzzCampaign(arguments, streams).run()
    })
}

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
    let profiles = Self.profiles(arguments)
    folder = arguments.value("--corpus") ?? FindingStore.usualFolder
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
      plan.traceLimit = traces
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
    if !arguments.has("--seed"), let seed = try StateFile.unfinishedSeed(in: folder, planHash) {
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

  /// What that campaign took: time and memory, which no two runs have in common.
  var costs: String { "\(folder)/fuzz/costs.json" }

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

  /// The mixes of `--mix`, all where none is named, on the systems of `--profile`.
  private static func profiles(_ arguments: ParsedArguments) -> [GeneratorProfile] {
    var profiles = arguments.values("--mix").compactMap(GeneratorProfile.named)
    if profiles.isEmpty { profiles = GeneratorProfile.all }
    let versions = arguments.values("--profile")
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
}
