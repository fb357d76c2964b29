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
  private var seedCount = 1

  /// Options of `maximize` that only this run has.
  static let options: [Option] = [
    Option(
      name: "--candidates", argument: .quantity("N", .count()),
      help: "with --target, where a version names the model of it: programs tried for each beside"
        + " those by hand; 0 for these alone (100)"),
    Option(
      name: "--seeds", argument: .quantity("N", .count()),
      help: "with --target: searches for each, with the seed and those after it (1)"),
    Option(
      name: "--calls", argument: .quantity("N", .count()),
      help: "with --target: calls of one program at most (4000000)"),
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
    contest.candidates =
      try arguments.number("--candidates", in: 0...1_000_000) ?? contest.candidates
    contest.callLimit = try arguments.number("--calls", in: 1...100_000_000) ?? contest.callLimit
    seedCount = try arguments.number("--seeds", in: 1...1000) ?? 1
  }

  func run() throws(CommandFailure) -> ExitCode {
    var rows: [FragmentationResults] = []
    var code = ExitCode.held
    if !arguments.has("--quiet") {
      let last = seedCount > 1 ? " to \(contest.seed.value &+ UInt64(seedCount) - 1)" : ""
      streams.note(
        "seed \(contest.seed)\(last), the programs by hand and"
          + " \(counted(contest.candidates, "other")) for each allocator")
    }
    for target in TargetOptions.libraries(arguments) {
      streams.progress("\(target): \(rows.count) done")
      let search = try search(target)
      do throws(TargetError) {
        rows.append(try search(contest))
      } catch {
        // One allocator that does not get through spoils its own line only.
        streams.remark(error.message)
        code = code.combined(with: .badInput)
      }
    }
    rows.sort { ($1.worst.heldOverPeak, $0.worst.name) < ($0.worst.heldOverPeak, $1.worst.name) }
    if arguments.has("--json") { rows.forEach(printObjects) } else { printTable(rows) }
    return code
  }

  private typealias Search = (FragmentationContest) throws(TargetError) -> FragmentationResults

  private func search(_ target: String) throws(CommandFailure) -> Search {
    if let profile = Profile.named(target) {
      return { (contest) throws(TargetError) in
        try contest.results(of: profile, seedCount: seedCount)
      }
    }
    let settings = try TargetOptions.settings(arguments, library: target)
    return { (contest) throws(TargetError) in
      try contest.results(
        of: settings, name: TargetOptions.shortName(target), seedCount: seedCount,
        executable: TargetOptions.resolvedExecutable)
    }
  }

  // MARK: Output

  private func printObjects(_ row: FragmentationResults) {
    streams.print(Self.object(row.byHand, seed: nil))
    for (seed, finding) in row.bySearch {
      streams.print(Self.object(finding, seed: seed))
    }
  }

  private static func object(_ finding: FragmentationFinding, seed: Seed?) -> JSONValue {
    .object([
      ("target", .string(finding.name)), ("objective", .string("held-over-peak")),
      ("by", .string(seed == nil ? "hand" : "search")),
      ("seed", seed.map { .unsigned($0.value) } ?? .null),
      ("peak_live_bytes", .unsigned(finding.peakLiveBytes)),
      ("held_bytes", .unsigned(finding.heldBytes)),
      ("held_over_peak", .number(finding.heldOverPeak)),
      ("held_over_final", finding.heldOverFinal.map { .number($0) } ?? .null),
      ("operations", .integer(Int64(finding.calls))),
      ("candidates", .integer(Int64(finding.candidates))),
      ("program", .string(finding.program)),
    ])
  }

  private func printTable(_ rows: [FragmentationResults]) {
    streams.print(
      "| allocator | held / peak live | by hand | by search |\(seedCount > 1 ? " by seed |" : "")"
        + " bytes held | bytes live at most | calls | program |")
    streams.print("|---|---:|---:|---:|\(seedCount > 1 ? "---|" : "")---:|---:|---:|---|")
    for row in rows {
      let ratios = row.bySearch.map(\.finding.heldOverPeak)
      let seeds = ratios.map(Self.rounded).joined(separator: " ")
      streams.print(
        "| \(row.worst.name) | \(Self.rounded(row.worst.heldOverPeak)) |"
          + " \(Self.rounded(row.byHand.heldOverPeak)) |"
          + " \(ratios.max().map(Self.rounded) ?? "-") |"
          + (seedCount > 1 ? " \(seeds) |" : "")
          + " \(row.worst.heldBytes) | \(row.worst.peakLiveBytes) | \(row.worst.calls) |"
          + " \(row.worst.program) |")
    }
  }

  private static func rounded(_ ratio: Double) -> String { String(format: "%.2f", ratio) }
}
