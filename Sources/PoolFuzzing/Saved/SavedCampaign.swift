import KernelPool
import PoolOracles
import PropertyTesting

/// A campaign of `fuzz` as its state file keeps it: everything that the rest of it depends on, which
/// is what the engine has come to, the findings that are not filed yet, and what has been filed.
public struct SavedCampaign: Sendable {
  /// The engine's state.
  public var state: FuzzState
  /// The findings.
  public var findings: CampaignFindings
  /// Seconds that it has run.
  public var seconds: Double
  /// Seconds that its last run had, where that was ended before its time; else 0.
  public var runSeconds: Double

  /// A campaign as it is.
  public init(
    state: FuzzState, findings: CampaignFindings, seconds: Double, runSeconds: Double
  ) {
    self.state = state
    self.findings = findings
    self.seconds = seconds
    self.runSeconds = runSeconds
  }

  // MARK: Writing

  /// What the state file has between its first lines and its hash.
  public var text: String {
    var text = "seconds \(seconds)\nrun \(runSeconds)\n"
    text += "next \(state.nextBatch)\n"
    for number in state.slowTraces.sorted() { text += "slow \(number)\n" }
    text += "canaries \(state.canaryCount) \(state.caughtCanaries)\n"
    text += "reference \(state.referenceCounts.text)\n"
    for profile in state.scheduler.statistics {
      let numbers = profile.numbers.map(String.init).joined(separator: " ")
      text += "profile \(profile.name) \(numbers)\n"
    }
    for (identity, count) in state.failureCounts.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      text += "failure \(count) \(identity)\n"
    }
    for identity in findings.known.map(\.description).sorted() { text += "known \(identity)\n" }
    for filed in findings.filed { text += "filed \(filed.line)\n" }
    text += "kept \(state.corpus.keptCount)\n"
    text += "signature \(Self.text(state.corpus.signature))\n"
    for trace in state.corpus.traces { text += "trace\n" + trace.text() + "end\n" }
    for item in findings.waiting {
      let met = item.metWhile.map { "\($0)" } ?? ""
      if let ending = item.ending { text += "ending \(ending)\n" }
      text += "waiting \(item.number) \(item.profile) \(item.trace.configuration.mutant.rawValue)"
      text += " \(met)\n" + item.trace.text() + "end\n"
    }
    return text
  }

  /// The features as the distances between them: most are small.
  private static func text(_ signature: StateSignature) -> String {
    var last: StateSignature.Feature = 0
    return signature.features.map { feature in
      defer { last = feature }
      return String(feature - last, radix: 36)
    }.joined(separator: " ")
  }

  // MARK: Reading

  /// Reads what `text` wrote of a campaign of that plan; nil where it says something unknown, or not
  /// everything.
  public static func reading(_ text: Substring, of plan: FuzzPlan) -> SavedCampaign? {
    var reader = Reader(text)
    while let line = reader.next() {
      guard reader.take(line) else { return nil }
    }
    guard let saved = reader.saved,
      saved.state.scheduler.statistics.map(\.name) == plan.profiles.map(\.name)
    else { return nil }
    return saved
  }

  /// Reads line by line and collects.
  private struct Reader {
    private var lines: ArraySlice<Substring>
    private var statistics: [ProfileStatistics] = []
    private var numbers: [String: [UInt64]] = [:]
    private var counts: [FailureIdentity: UInt64] = [:]
    private var slowTraces: Set<UInt64> = []
    private var referenceCounts: ReferenceCounts?
    private var findings = CampaignFindings()
    private var signature: StateSignature?
    private var traces: [PoolFuzzTrace] = []
    private var seconds = 0.0
    private var runSeconds = 0.0
    private var ending: FailureIdentity?

    init(_ text: Substring) { lines = text.split(separator: "\n")[...] }

    mutating func next() -> Substring? { lines.popFirst() }

    /// Takes a line in; false where it says nothing known.
    mutating func take(_ line: Substring) -> Bool {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard let word = parts.first else { return false }
      let rest = parts.count > 1 ? parts[1] : ""
      switch word {
      case "next", "kept", "canaries":
        let values = rest.split(separator: " ").compactMap(SavedText.count)
        numbers[String(word)] = values
        return values.count == (word == "canaries" ? 2 : 1)
      case "slow": return SavedText.count(rest).map { slowTraces.insert($0).inserted } ?? false
      case "reference":
        referenceCounts = ReferenceCounts(text: rest)
        return referenceCounts != nil
      case "seconds": return SavedText.seconds(rest).map { seconds = $0 } != nil
      case "run": return SavedText.seconds(rest).map { runSeconds = $0 } != nil
      case "profile": return takeProfile(rest)
      case "failure":
        let fields = rest.split(separator: " ", maxSplits: 1)
        guard fields.count == 2, let count = SavedText.count(fields[0])
        else { return false }
        counts[FailureIdentity(String(fields[1]))] = count
        return true
      case "known": return findings.known.insert(FailureIdentity(String(rest))).inserted
      case "filed": return FiledFinding.reading(rest).map { findings.filed.append($0) } != nil
      case "signature":
        signature = Self.signature(rest)
        return signature != nil
      case "trace": return trace().map { traces.append($0) } != nil
      case "ending":
        ending = FailureIdentity(String(rest))
        return true
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
      let numbers = fields.dropFirst().compactMap(SavedText.count)
      guard let name = fields.first,
        let profile = ProfileStatistics(name: String(name), numbers: numbers)
      else { return false }
      statistics.append(profile)
      return true
    }

    private mutating func takeWaiting(_ rest: Substring) -> Bool {
      let fields = rest.split(separator: " ", maxSplits: 3)
      guard fields.count >= 3, let number = UInt64(fields[0]),
        let mutant = Mutant(rawValue: String(fields[2])), var trace = trace()
      else { return false }
      trace.configuration.mutant = mutant
      let met = fields.count == 4 ? FailureIdentity(String(fields[3])) : nil
      findings.waiting.append(
        WaitingTrace(
          trace: trace, profile: String(fields[1]), number: number, metWhile: met, ending: ending))
      ending = nil
      return true
    }

    /// The trace up to the next line `end`.
    private mutating func trace() -> PoolFuzzTrace? {
      var text = ""
      while let line = lines.popFirst(), line != "end" { text += line + "\n" }
      return try? PoolFuzzTrace.reading(text, renumbering: false)
    }

    /// What was read, if nothing is missing.
    var saved: SavedCampaign? {
      guard let next = numbers["next"], let kept = numbers["kept"],
        let canaries = numbers["canaries"], canaries[1] <= canaries[0], let referenceCounts,
        let signature, !statistics.isEmpty
      else { return nil }
      let corpus = FuzzCorpus(signature: signature, traces: traces, keptCount: kept[0])
      var state = FuzzState(
        corpus: corpus, scheduler: ProfileScheduler(statistics), nextBatch: next[0],
        canaryCount: canaries[0], caughtCanaries: canaries[1], referenceCounts: referenceCounts,
        failureCounts: counts)
      state.slowTraces = slowTraces
      return SavedCampaign(
        state: state, findings: findings, seconds: seconds, runSeconds: runSeconds)
    }
  }
}
