import JSONLines
import KernelPool
import PoolFuzzing
import PoolReference
import PoolTrace

/// The report of a campaign on one page: what ran, what was found, what stopped being novel.
///
/// It is a function of the seed and the amount: what the clock and the machine say stands in a file of
/// its own, so that reports of one campaign are equal to the byte wherever and however it ran.
struct CampaignReport {
  /// The seed.
  var seed: UInt64
  /// The plan in words.
  var plan: String
  /// What was checked.
  var level: CheckLevel
  /// The planted bug, or none.
  var mutant: Mutant
  /// The command that goes on.
  var command: String
  /// The engine's state.
  var state: FuzzState
  /// The findings.
  var findings: CampaignFindings
  /// Seconds that the campaign has run, its earlier runs included.
  var seconds: Double
  /// Operations a second in this run.
  var operationsPerSecond: Double
  /// Most bytes that the process has held.
  var peakBytes: UInt64

  private var exhausted: [String] {
    state.scheduler.statistics.filter(\.isExhausted).map(\.name)
  }

  private var untried: [String] {
    state.scheduler.statistics.filter { $0.traceCount == 0 }.map(\.name)
  }

  private var alarm: String {
    let (run, caught) = (state.canaryCount, state.caughtCanaries)
    if run == 0 { return "not tested" }
    return run == caught
      ? "works: \(run) of \(run) planted failures were reported"
      : "BROKEN: only \(caught) of \(run) planted failures were reported"
  }

  /// How many calls the reference allocator predicted, and what it left open; nil without it.
  static func reference(_ state: FuzzState) -> String? {
    let counts = state.referenceCounts
    guard counts.predicted + counts.openCount > 0 else { return nil }
    let share = (counts.openShare * 100_000).rounded() / 1000
    let reasons = OpenReason.allCases.compactMap { reason in
      counts.open[reason].map { "\($0) \(reason.rawValue)" }
    }
    let open = reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"
    return "\(counts.predicted) calls predicted, \(share) % left open\(open)"
  }

  // MARK: For people

  /// The page in Markdown.
  var markdown: String {
    var text = "# Campaign of seed \(seed)\n\n"
    text += "\(headline)\n\n"
    text += "| what ran | |\n|---|---|\n"
    text += "| plan | \(plan) |\n"
    let omissions = level.omissions.isEmpty ? "" : " (\(level.omissions))"
    text += "| checks | \(level.rawValue)\(omissions) |\n"
    text +=
      "| traces | \(state.traceCount + state.canaryCount), \(state.canaryCount) of them to test the"
    text += " alarm |\n| operations | \(state.operationCount) |\n"
    if let reference = Self.reference(state) { text += "| reference allocator | \(reference) |\n" }
    text += "| alarm | \(alarm) |\n| go on | `\(command)` |\n\n"
    return text + findingsText + profilesText + noveltyText
  }

  private var headline: String {
    let count = findings.filed.count
    let waiting =
      findings.waiting.isEmpty ? "" : " \(findings.waiting.count) more wait for reduction."
    guard state.canaryCount == state.caughtCanaries else {
      return "**The alarm is broken: what this page says cannot be believed.**"
    }
    return count == 0
      ? "Nothing was found.\(waiting)"
      : "**\(counted(count, "failure")) \(count == 1 ? "was" : "were") found** and reduced.\(waiting)"
  }

  private var findingsText: String {
    guard !findings.filed.isEmpty else { return "" }
    var text = "## What was found\n\n"
    text += "| failure | seen | profile | trace | operations | minimal | file |\n"
    text += "|---|---:|---|---:|---:|---|---|\n"
    for finding in findings.filed {
      let seen = state.failureCounts[finding.identity].map(String.init) ?? "-"
      let origin = finding.metWhile == nil ? finding.profile : finding.profile + " (met on the way)"
      let isOfHealthyModel = mutant != .none && finding.mutant == .none
      let whose =
        isOfHealthyModel ? " (the healthy model shows it: mend the model or the check)" : ""
      text += "| \(finding.identity)\(whose) | \(seen) | \(origin) | \(finding.number)"
      text += " | \(finding.operationsBefore) -> \(finding.operationsAfter)"
      let minimal = finding.isOneMinimal ? "certified, \(finding.length)" : "no"
      text += " | \(minimal)"
      text += " | \(finding.trace.isEmpty ? "has its traces already" : finding.trace) |\n"
    }
    return text + "\n"
  }

  private var profilesText: String {
    var text = "## What each profile did\n\n"
    text += "| profile | traces | operations | features first seen | failing traces"
    text += " | share of the next epoch |\n|---|---:|---:|---:|---:|---:|\n"
    for (profile, share) in zip(state.scheduler.statistics, state.scheduler.shares) {
      let percent = Double(share * 1000 / ProfileScheduler.shareTotal) / 10
      text += "| \(profile.name) | \(profile.traceCount) | \(profile.operationCount)"
      text += " | \(profile.featureCount) | \(profile.failureCount) | \(percent) % |\n"
    }
    return text + "\n"
  }

  private var noveltyText: String {
    var text = "## What stopped being novel\n\n"
    text += "\(state.corpus.signature.count) features of behaviour were seen"
    text += " (\(Self.percent(state.corpus.signature.coverage)) of the space); at the latest rate"
    text += " the next million operations would show \(state.scheduler.noveltyPerMillion) more.\n"
    if !exhausted.isEmpty {
      text += "Nothing new in the last half of their operations: \(Self.list(exhausted)).\n"
    }
    if !untried.isEmpty { text += "Not run yet: \(Self.list(untried)).\n" }
    if exhausted.isEmpty { text += "Every profile still shows something new.\n" }
    return text
  }

  /// A share in percent with one decimal.
  static func percent(_ share: Double) -> String {
    "\((share * 1000).rounded() / 10) %"
  }

  private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

  // MARK: For programs

  /// The same as a JSON object.
  var json: JSONValue {
    let failures = state.failureCounts.sorted { "\($0.key)" < "\($1.key)" }
    return .object([
      ("event", .string("report")), ("seed", .unsigned(seed)), ("plan", .string(plan)),
      ("check", .string(level.rawValue)), ("mutant", .string(mutant.rawValue)),
      ("traces", .unsigned(state.traceCount)), ("operations", .unsigned(state.operationCount)),
      ("features", .integer(Int64(state.corpus.signature.count))),
      ("feature_coverage", .number(state.corpus.signature.coverage)),
      ("features_per_million_operations", .unsigned(state.scheduler.noveltyPerMillion)),
      ("calls_predicted", .unsigned(state.referenceCounts.predicted)),
      ("calls_open", .unsigned(state.referenceCounts.openCount)),
      ("canaries", .unsigned(state.canaryCount)),
      ("canaries_caught", .unsigned(state.caughtCanaries)),
      ("findings", .array(findings.filed.map { .object($0.members) })),
      ("waiting", .integer(Int64(findings.waiting.count))),
      (
        "failures",
        .array(
          failures.map {
            .object([("identity", .string("\($0.key)")), ("seen", .unsigned($0.value))])
          })
      ),
      ("profiles", .array(zip(state.scheduler.statistics, state.scheduler.shares).map(Self.row))),
      ("exhausted", .array(exhausted.map(JSONValue.string))),
      ("command", .string(command)),
    ])
  }

  /// What differs from run to run, as a JSON object.
  var costs: JSONValue {
    .object([
      ("event", .string("costs")), ("seed", .unsigned(seed)), ("seconds", .number(seconds)),
      ("operations_per_second", .number(operationsPerSecond.rounded())),
      ("peak_bytes", .unsigned(peakBytes)),
    ])
  }

  private static func row(_ profile: ProfileStatistics, _ share: UInt64) -> JSONValue {
    .object([
      ("profile", .string(profile.name)), ("traces", .unsigned(profile.traceCount)),
      ("operations", .unsigned(profile.operationCount)),
      ("features", .unsigned(profile.featureCount)),
      ("failing", .unsigned(profile.failureCount)),
      ("share", .number(Double(share) / Double(ProfileScheduler.shareTotal))),
      ("exhausted", .bool(profile.isExhausted)),
    ])
  }
}
