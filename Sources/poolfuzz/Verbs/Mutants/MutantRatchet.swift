import Foundation
import KernelPool
import PoolFuzzing

/// A short detection table that may get better and not worse.
///
/// A line is `MUTANT PROFILE OPERATIONS`: every seed of the profile finds the planted bug within so
/// many operations. Seeds are fixed and operations are counted, so nothing here depends on the
/// machine.
struct MutantRatchet {
  private struct Row {
    let mutant: Mutant
    let profile: GeneratorProfile
    let operations: Int
  }

  private let rows: [Row]
  private static let standardSeeds = 3

  /// Reads the file.
  init(path: String) throws(CommandFailure) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(message: "\(path): cannot be read", code: .environment)
    }
    var rows: [Row] = []
    let lines = String(decoding: data, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("#") {
      let fields = line.split(separator: " ").map(String.init)
      guard fields.count == 3, let mutant = Mutant(rawValue: fields[0]),
        let profile = GeneratorProfile.named(fields[1]), let operations = Int(fields[2]),
        operations > 0
      else {
        throw CommandFailure(
          message: "\(path):\(number + 1): expected a planted bug, a profile and a number of"
            + " operations",
          code: .badInput)
      }
      rows.append(Row(mutant: mutant, profile: profile, operations: operations))
    }
    guard !rows.isEmpty else {
      throw CommandFailure(message: "\(path): no row to run", code: .badInput)
    }
    self.rows = rows
  }

  /// Runs every row, and names the planted bugs that have none.
  func run(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure)
    -> ExitCode
  {
    let seeds =
      try arguments.number("--seeds", in: MutantTable.seedRange) ?? Self.standardSeeds
    let jobs = try arguments.jobs()
    var code = ExitCode.held
    for mutant in Mutant.allCases where mutant != .none {
      guard !rows.contains(where: { $0.mutant == mutant }) else { continue }
      streams.print("\(mutant.rawValue): no row, so nothing is known of it")
    }
    var worst = 0.0
    for row in rows {
      let (found, _) = MutantTable.row(
        row.mutant, row.profile, firstSeed: 1, seeds: seeds, limit: row.operations,
        jobs: jobs)
      if found.killedCount < seeds {
        code = .found
        streams.print(
          "\(row.mutant.rawValue): \(found.killedCount) of \(seeds) seeds of \(row.profile.name)"
            + " find it within \(row.operations) operations")
      }
      let most = found.trials.map(\.operationCount).max() ?? 0
      worst = max(worst, Double(most) / Double(row.operations))
    }
    streams.print(
      "\(rows.count) planted bugs with \(seeds) seeds each;"
        + " the nearest to its limit used \(Int(worst * 100)) % of it")
    return code
  }
}
