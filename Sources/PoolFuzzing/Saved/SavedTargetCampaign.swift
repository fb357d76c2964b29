import PropertyTesting

/// A campaign on a target as its state file keeps it.
public struct SavedTargetCampaign: Sendable {
  /// The number of the next trace.
  public var next: UInt64 = 0
  /// Operations of the traces before it.
  public var operationCount: UInt64 = 0
  /// Those of them that passed but for leaks, of which there was no verdict.
  public var openCount: UInt64 = 0
  /// Seconds that it has run.
  public var seconds = 0.0
  /// Seconds that its last run had, where that was ended before its time; else 0.
  public var runSeconds = 0.0
  /// What was filed, in order.
  public var filed: [FiledFinding] = []
  /// Failures that did not repeat.
  public var flaky: Set<FailureIdentity> = []
  /// The numbers of the traces that reached more of the target's code than those before, ascending.
  public var kept: [UInt64] = []

  /// At its beginning.
  public init() {}

  /// What the state file has between its first lines and its hash.
  public var text: String {
    var lines = [
      "next \(next)", "operations \(operationCount)", "open \(openCount)", "seconds \(seconds)",
      "run \(runSeconds)",
    ]
    lines += filed.map { "filed \($0.line)" }
    lines += flaky.map { "flaky \($0)" }.sorted()
    lines += kept.map { "kept \($0)" }
    return lines.map { $0 + "\n" }.joined()
  }

  /// Reads what `text` wrote; nil where it says something unknown, or not everything.
  public static func reading(_ text: Substring) -> SavedTargetCampaign? {
    var saved = SavedTargetCampaign()
    var missing: Set<Substring> = ["next", "operations", "open", "seconds", "run"]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, saved.take(parts[0], parts[1]) else { return nil }
      missing.remove(parts[0])
    }
    return missing.isEmpty ? saved : nil
  }

  private mutating func take(_ word: Substring, _ rest: Substring) -> Bool {
    switch word {
    case "next": return SavedText.count(rest).map { next = $0 } != nil
    case "operations": return SavedText.count(rest).map { operationCount = $0 } != nil
    case "open": return SavedText.count(rest).map { openCount = $0 } != nil
    case "seconds": return SavedText.seconds(rest).map { seconds = $0 } != nil
    case "run": return SavedText.seconds(rest).map { runSeconds = $0 } != nil
    case "filed": return FiledFinding.reading(rest).map { filed.append($0) } != nil
    case "kept":
      guard let number = SavedText.count(rest), number > kept.last ?? 0 || kept.isEmpty else {
        return false
      }
      kept.append(number)
      return true
    case "flaky": return flaky.insert(FailureIdentity(String(rest))).inserted
    default: return false
    }
  }
}
