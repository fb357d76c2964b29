import Platform
import JSONLines
import AllocatorTargets
import Foundation
import KernelPool
import PropertyTesting

/// One run of `maximize --target`: the same search on every allocator named, in one table.
struct TargetRanking {
  private let arguments: ParsedArguments
  private let streams: StandardStreams
  private var contest = FragmentationContest()
  private var seedCount: UInt64 = 1

  /// Options of `maximize` that only this run has.
  static let options: [Option] = [
    Option(
      name: "--candidates", argument: .quantity("N", .count()),
      help: "with --target, where a version names the model of it: programs tried for each (200)"),
    Option(
      name: "--seeds", argument: .quantity("N", .count()),
      help: "with --target: searches for each, with the seed and those after it (1)"),
  ]

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    self.arguments = arguments
    self.streams = streams
    contest.seed = try FuzzSettings.seed(arguments)
    if let bytes = try arguments.number("--peak-live") {
      guard (65_536...1 << 26).contains(bytes) else {
        throw .usage("with --target, --peak-live is 65536 to 67108864 bytes, not \(bytes)")
      }
      contest.peakLiveBytes = Int(bytes)
    }
    if let number = try arguments.number("--candidates") {
      guard (1...1_000_000).contains(number) else {
        throw .usage("--candidates is 1 to 1000000, not \(number)")
      }
      contest.candidates = Int(number)
    }
    if let number = try arguments.number("--seeds") {
      guard (1...1000).contains(number) else {
        throw .usage("--seeds is 1 to 1000, not \(number)")
      }
      seedCount = number
    }
  }

  /// What was found for one allocator: a finding for each seed.
  private struct Row {
    var findings: [FragmentationFinding]
    var worst: FragmentationFinding

    /// Nil where there is no finding.
    init?(_ findings: [FragmentationFinding]) {
      guard let worst = findings.max(by: { $0.heldOverPeak < $1.heldOverPeak }) else { return nil }
      self.findings = findings
      self.worst = worst
    }
  }

  func run() throws(CommandFailure) -> ExitCode {
    var rows: [Row] = []
    var code = ExitCode.held
    if !arguments.has("--quiet") {
      let last = seedCount > 1 ? " to \(contest.seed.value &+ seedCount - 1)" : ""
      streams.note("seed \(contest.seed)\(last), \(contest.candidates) programs for each allocator")
    }
    for target in arguments.values("--target") {
      let search = try search(target)
      do throws(TargetError) {
        var findings: [FragmentationFinding] = []
        for number in 0..<seedCount {
          var contest = contest
          contest.seed = Seed(contest.seed.value &+ number)
          findings.append(try search(contest))
        }
        if let row = Row(findings) { rows.append(row) }
      } catch {
        // One allocator that does not get through spoils its own line only.
        streams.note("poolfuzz: \(error.message)")
        code = code.combined(with: .badInput)
      }
    }
    rows.sort { ($1.worst.heldOverPeak, $0.worst.name) < ($0.worst.heldOverPeak, $1.worst.name) }
    if arguments.has("--json") { rows.forEach(printObjects) } else { printTable(rows) }
    return code
  }

  private typealias Search = (FragmentationContest) throws(TargetError) -> FragmentationFinding

  private func search(_ target: String) throws(CommandFailure) -> Search {
    if let profile = Profile.named(target) {
      return { (contest) throws(TargetError) in try contest.worst(of: profile) }
    }
    let settings = try TargetOptions.settings(arguments, library: target)
    return { (contest) throws(TargetError) in
      try contest.worst(
        of: settings, name: Self.name(target), executable: TargetOptions.resolvedExecutable)
    }
  }

  /// The library's name without its folder and its versions.
  private static func name(_ library: String) -> String {
    let file = PathText.name(of: library)
    let stem = file.split(separator: ".").first.map(String.init) ?? file
    return stem.hasPrefix("lib") ? String(stem.dropFirst(3)) : stem
  }

  // MARK: Output

  private func printObjects(_ row: Row) {
    for (number, finding) in row.findings.enumerated() {
      streams.print(
        JSONValue.object([
          ("target", .string(finding.name)), ("objective", .string("held-over-peak")),
          ("seed", .unsigned(contest.seed.value &+ UInt64(number))),
          ("peak_live_bytes", .unsigned(finding.peakLiveBytes)),
          ("held_bytes", .unsigned(finding.heldBytes)),
          ("held_over_peak", .number(finding.heldOverPeak)),
          ("held_over_final", .number(finding.heldOverFinal)),
          ("operations", .integer(Int64(finding.calls))),
          ("candidates", .integer(Int64(finding.candidates))),
          ("program", .string(finding.program)),
        ]).text)
    }
  }

  private func printTable(_ rows: [Row]) {
    let isSeveral = seedCount > 1
    streams.print(
      "| allocator | held / peak live |\(isSeveral ? " by seed |" : "")"
        + " bytes held | bytes live at most | program |")
    streams.print("|---|---:|\(isSeveral ? "---|" : "")---:|---:|---|")
    for row in rows {
      let seeds = row.findings.map { Self.rounded($0.heldOverPeak) }.joined(separator: " ")
      streams.print(
        "| \(row.worst.name) | \(Self.rounded(row.worst.heldOverPeak)) |"
          + (isSeveral ? " \(seeds) |" : "")
          + " \(row.worst.heldBytes) | \(row.worst.peakLiveBytes) | \(row.worst.program) |")
    }
  }

  private static func rounded(_ ratio: Double) -> String { String(format: "%.2f", ratio) }
}
