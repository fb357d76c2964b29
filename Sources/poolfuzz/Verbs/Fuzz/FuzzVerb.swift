import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting

extension Verb {
  /// `poolfuzz fuzz`: generates traces and checks them.
  static let fuzz = Verb(
    name: "fuzz", operands: "", summary: "generates and checks traces, and files what fails",
    examples: [
      ("poolfuzz fuzz --traces 20000", "a fixed amount: the same seed finds the same"),
      ("poolfuzz fuzz --for 8h --jobs 2", "overnight; kill it at any time and start it again"),
      ("poolfuzz fuzz --profile lookasides --traces 5000", "one profile of the portfolio"),
      ("poolfuzz fuzz --mutant no-forward-merge --traces 500", "does the alarm work?"),
      ("poolfuzz fuzz --target ./libmine.so", "your own allocator, in a process of its own"),
    ],
    options: [
      Option(name: "--traces", argument: .value("N"), help: "stop after N traces (10000)"),
      Option(name: "--for", argument: .value("TIME"), help: "stop after 90s, 30m, 8h"),
      Option(name: "--forever", argument: .none, help: "until it is interrupted"),
      Option(name: "--jobs", argument: .value("N"), help: "threads (all processors)"),
      Option(
        name: "--profile", argument: .value("NAME"),
        help: "a profile of the portfolio, or a version that all machines get",
        isRepeatable: true),
      Option(name: "--mutant", argument: .value("NAME"), help: "plants a bug in the model"),
      Option(name: "--check", argument: .value("off|fast|full"), help: "what is checked (fast)"),
      Option(name: "--corpus", argument: .value("DIR"), help: "where findings go (Corpus)"),
      Option(name: "--canary", argument: .value("N"), help: "one trace in N tests the alarm (100)"),
      Option(name: "--no-shrink", argument: .none, help: "file findings as they are"),
    ] + TargetOptions.all,
    run: { arguments, streams in
      if let library = TargetOptions.libraries(arguments).first {
        return try TargetCampaign(arguments, library: library, streams).run()
      }
      return try FuzzCampaign(arguments, streams).run()
    })
}

/// What the options of `fuzz` ask for.
struct FuzzSettings {
  /// What is run.
  var plan: FuzzPlan
  /// How many batches at most; nil without a limit.
  var batchLimit: UInt64?
  /// How long at most; nil without a limit.
  var seconds: Double?
  /// Threads.
  var jobs: Int
  /// The corpus folder.
  var folder: String
  /// Whether findings are reduced.
  var shrinks: Bool

  init(_ arguments: ParsedArguments) throws(CommandFailure) {
    let seed = try Self.seed(arguments)
    plan = FuzzPlan(seed: seed, profiles: try Self.profiles(arguments.values("--profile")))
    plan.mutant = try arguments.choice("--mutant", default: Mutant.none)
    plan.oracles = try Self.oracles(arguments.value("--check") ?? "fast")
    plan.canaryInterval = try arguments.number("--canary") ?? 100
    let traces = try arguments.number("--traces")
    seconds = try arguments.value("--for").map(Self.seconds)
    if traces == nil, seconds == nil, !arguments.has("--forever") {
      batchLimit = 10_000 / UInt64(plan.tracesPerBatch)
    }
    if let traces {
      let perBatch = UInt64(plan.tracesPerBatch)
      batchLimit = traces / perBatch + (traces % perBatch == 0 ? 0 : 1)
    }
    jobs = Int(clamping: try arguments.number("--jobs") ?? 0)
    if jobs == 0 { jobs = ProcessInfo.processInfo.activeProcessorCount }
    folder = arguments.value("--corpus") ?? "Corpus"
    shrinks = !arguments.has("--no-shrink")
  }

  /// The seed of the option, else one that nobody chose.
  static func seed(_ arguments: ParsedArguments) throws(CommandFailure) -> Seed {
    guard let text = arguments.value("--seed") else { return Seed(UInt64.random(in: 0...1 << 32)) }
    do {
      return try Seed(parsing: text)
    } catch {
      throw .usage("--seed is a number or a commit identifier, not '\(text)'")
    }
  }

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

  private static func oracles(_ word: String) throws(CommandFailure) -> OracleSet {
    switch word {
    case "off": return .none
    case "fast": return .fast
    case "full": return .everything
    default: throw .usage("--check is one of off, fast, full, not '\(word)'")
    }
  }

  /// A time such as 90s, 30m, 8h or 2d.
  static func seconds(_ text: String) throws(CommandFailure) -> Double {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let last = text.last, let number = Double(text.dropLast()), let unit = units[last],
      number > 0, number.isFinite
    else { throw .usage("a time is a number and s, m, h or d, such as 30m, not '\(text)'") }
    return number * unit
  }

  /// What a state file must agree with.
  var fingerprint: String {
    let versions = plan.profiles.first?.machines.versions.joined(separator: "+") ?? ""
    let names = plan.profiles.map(\.name).joined(separator: "+")
    return "seed=\(plan.seed) profiles=\(names) versions=\(versions)"
      + " mutant=\(plan.mutant.rawValue) oracles=\(plan.oracles.rawValue)"
      + " canary=\(plan.canaryInterval)"
  }
}
