import AllocatorTargets
import Foundation
import KernelPool
import PropertyTesting

/// One run of `maximize --target`: the same search on every allocator named, in one table.
struct TargetRanking {
  private let arguments: ParsedArguments
  private let streams: StandardStreams
  private var contest = FragmentationContest()

  /// Options of `maximize` that only this run has.
  static let options: [Option] = [
    Option(
      name: "--candidates", argument: .value("N"),
      help: "with --target, where a version names the model of it: programs tried for each (200)")
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
  }

  func run() throws(CommandFailure) -> ExitCode {
    var findings: [FragmentationFinding] = []
    var code = ExitCode.held
    if !arguments.has("--quiet") {
      streams.note("seed \(contest.seed), \(contest.candidates) programs for each allocator")
    }
    for target in arguments.values("--target") {
      if let profile = Profile.named(target) {
        try take({ () throws(TargetError) in try contest.worst(of: profile) }, &findings, &code)
        continue
      }
      let settings = try TargetOptions.settings(arguments, library: target)
      let name = Self.name(target)
      try take(
        { () throws(TargetError) in
          try contest.worst(
            of: settings, name: name, executable: TargetOptions.resolvedExecutable)
        }, &findings, &code)
    }
    findings.sort { ($1.heldOverPeak, $0.name) < ($0.heldOverPeak, $1.name) }
    if arguments.has("--json") { findings.forEach(printObject) } else { printTable(findings) }
    return code
  }

  /// One allocator that does not get through spoils its own line only.
  private func take(
    _ search: () throws(TargetError) -> FragmentationFinding,
    _ findings: inout [FragmentationFinding], _ code: inout ExitCode
  ) throws(CommandFailure) {
    do throws(TargetError) {
      findings.append(try search())
    } catch {
      streams.note("poolfuzz: \(error.message)")
      code = code.combined(with: .badInput)
    }
  }

  /// The library's name without its folder and its versions.
  private static func name(_ library: String) -> String {
    let file = (library as NSString).lastPathComponent
    let stem = file.split(separator: ".").first.map(String.init) ?? file
    return stem.hasPrefix("lib") ? String(stem.dropFirst(3)) : stem
  }

  // MARK: Output

  private func printObject(_ finding: FragmentationFinding) {
    streams.print(
      JSONValue.object([
        ("target", .string(finding.name)), ("objective", .string("held-over-peak")),
        ("peak_live_bytes", .unsigned(finding.peakLiveBytes)),
        ("held_bytes", .unsigned(finding.heldBytes)),
        ("held_over_peak", .number(finding.heldOverPeak)),
        ("held_over_final", .number(finding.heldOverFinal)),
        ("operations", .integer(Int64(finding.calls))),
        ("candidates", .integer(Int64(finding.candidates))),
        ("program", .string(finding.program)),
      ]).text)
  }

  private func printTable(_ findings: [FragmentationFinding]) {
    streams.print("| allocator | held / peak live | bytes held | bytes live at most | program |")
    streams.print("|---|---:|---:|---:|---|")
    for finding in findings {
      let ratio = String(format: "%.2f", finding.heldOverPeak)
      streams.print(
        "| \(finding.name) | \(ratio) | \(finding.heldBytes) | \(finding.peakLiveBytes)"
          + " | \(finding.program) |")
    }
  }
}
