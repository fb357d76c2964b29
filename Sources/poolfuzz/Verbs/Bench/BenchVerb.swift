import Foundation
import KernelPool
import PoolTrace

extension Verb {
  /// `poolfuzz bench`: the figures that the README quotes.
  static let bench = Verb(
    name: "bench", operands: "",
    summary: "measures the figures that the README quotes",
    examples: [
      ("poolfuzz bench", "every workload, as a table"),
      ("poolfuzz bench --steps 200000 --json", "a short run, one object a line"),
    ],
    options: [
      Option(name: "--steps", argument: .value("N"), help: "steps of each workload (2000000)"),
      Option(
        name: "--profile", argument: .value("NAME"),
        help: "the profile (reactos-x64, which the reference was measured on)"),
      Option(
        name: "--only", argument: .value("INDEX"), help: "one workload, counted from 0; no timing"),
    ],
    run: { arguments, streams in try Benchmark(arguments, streams).run() })
}

/// Times the reference workloads. Ratios to the generator's own loop, measured in the same run,
/// are what can be compared between machines.
private struct Benchmark {
  let arguments: ParsedArguments
  let streams: StandardStreams
  let steps: Int
  let profile: Profile

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws {
    self.arguments = arguments
    self.streams = streams
    steps = Int(clamping: try arguments.number("--steps") ?? 2_000_000)
    let name = arguments.value("--profile") ?? Profile.reactosX64.name
    guard let profile = Profile.named(name) else {
      throw CommandFailure.usage("there is no profile '\(name)'")
    }
    self.profile = profile
  }

  func run() throws -> ExitCode {
    if let only = try arguments.number("--only") { return try runOnce(Int(clamping: only)) }
    if !arguments.has("--json") {
      streams.print("profile \(profile.name), \(steps) steps of a free and an allocation each")
      streams.print("workload                     ns/operation   times the generator   checksum")
    }
    for workload in ReferenceWorkload.all { try measure(workload) }
    for level in CheckLevel.allCases { try measure(level) }
    return .held
  }

  /// Runs one workload without a clock, for instruction counters.
  private func runOnce(_ index: Int) throws -> ExitCode {
    guard ReferenceWorkload.all.indices.contains(index) else {
      throw CommandFailure.usage("--only is below \(ReferenceWorkload.all.count)")
    }
    var run = try start(ReferenceWorkload.all[index])
    run.run(steps: steps)
    streams.print(hexadecimal(run.checksum))
    return .held
  }

  private func start(_ workload: ReferenceWorkload) throws -> WorkloadRun {
    do {
      return try WorkloadRun(workload, profile: profile)
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  private func measure(_ workload: ReferenceWorkload) throws {
    var run = try start(workload)
    run.run(steps: 200_000)
    let clock = ContinuousClock()
    let time = clock.measure { run.run(steps: steps) }
    var checksum: UInt64 = 0
    let generatorTime = clock.measure {
      checksum = WorkloadRun.generatorOnly(workload, steps: steps)
    }
    withExtendedLifetime(checksum) {}
    let nanoseconds = Self.nanoseconds(time) / Double(2 * steps)
    let ratio = Self.nanoseconds(time) / max(Self.nanoseconds(generatorTime), 1)
    if arguments.has("--json") {
      streams.print(
        JSONValue.object([
          ("name", .string(workload.name)), ("unit", .string("ns/operation")),
          ("value", .number(nanoseconds)), ("ratio", .number(ratio)),
          ("checksum", .string(hexadecimal(run.checksum))),
        ]).text)
    } else {
      let name = workload.name.padding(toLength: 28, withPad: " ", startingAt: 0)
      let figures = String(format: "%13.1f %21.1f", nanoseconds, ratio)
      streams.print("\(name) \(figures)   \(hexadecimal(run.checksum))")
    }
  }

  /// Measures what an operation costs at a check level.
  private func measure(_ level: CheckLevel) throws {
    let workload = CheckedWorkload(profile: profile)
    let operations = level == .complete ? steps / 100 : steps / 2
    var done: UInt64 = 0
    let time = try ContinuousClock().measure {
      done = try workload.run(level, operations: operations)
    }
    guard done == UInt64(operations) else {
      throw CommandFailure(message: "the workload found a violation", code: .found)
    }
    let nanoseconds = Self.nanoseconds(time) / Double(max(operations, 1))
    if arguments.has("--json") {
      streams.print(
        JSONValue.object([
          ("name", .string("replay, check \(level.rawValue), 256 pages")),
          ("unit", .string("ns/operation")), ("value", .number(nanoseconds)),
        ]).text)
    } else {
      let name = "replay --check \(level.rawValue)".padding(
        toLength: 28, withPad: " ", startingAt: 0)
      streams.print("\(name) \(String(format: "%13.1f", nanoseconds))")
    }
  }

  private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func nanoseconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) * 1e9 + Double(attoseconds) / 1e9
  }
}
