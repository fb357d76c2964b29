import Foundation
import JSONLines
import KernelPool
import PoolTrace

extension Verb {
  /// `poolfuzz bench`: the figures that the manual quotes.
  static let bench = Verb(
    name: "bench", operands: "",
    summary: "measures the figures that the manual quotes",
    examples: [
      ("poolfuzz bench", "every kernel, as a table"),
      ("poolfuzz bench --no-checks", "the same without the version's own checks of its pool"),
      ("poolfuzz bench --growth", "what an operation costs as blocks and pool grow"),
      ("poolfuzz bench --steps 200000 --json", "a short run, one object a line"),
    ],
    options: [
      Option(
        name: "--steps", argument: .quantity("N", .count()), help: "steps of each kernel (2000000)"),
      .profile("the profile (reactos-x64, which the reference was measured on)"),
      Option(
        name: "--no-checks", argument: .none,
        help: "leave out the checks of lists, headers and pages that the profile makes itself"),
      Option(
        name: "--only", argument: .value("KERNEL"),
        help: "one kernel without a clock, for instruction counters; by name or number: "
          + BenchKernel.allCases.map(\.rawValue).joined(separator: ", ")),
      Option(
        name: "--warm-up", argument: .quantity("N", .count()),
        help: "steps that --only runs before those that count (0)"),
      Option(
        name: "--live", argument: .quantity("N", .count()),
        help: "live blocks of the kernel (as recorded)"),
      Option(
        name: "--pages", argument: .quantity("N", .count()), help: "pages of its pool (as recorded)"
      ),
      Option(
        name: "--instructions", argument: .value("FILE"),
        help: "kept instruction counts to print beside the times"),
      Option(name: "--growth", argument: .none, help: "the table of growth, and of memory"),
      Option(
        name: "--most-blocks", argument: .quantity("N", .count()),
        help: "live blocks up to which --growth goes (1000000)"),
    ],
    run: { arguments, streams in try Benchmark(arguments, streams).run() })
}

/// Times the kernels. Ratios to the generator's own loop, measured in the same run, are what can be
/// compared between machines.
struct Benchmark {
  private let arguments: ParsedArguments
  private let streams: StandardStreams
  private let steps: Int
  private let machine: BenchMachine
  private let counts: InstructionCounts

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws {
    self.arguments = arguments
    self.streams = streams
    steps = try arguments.number("--steps", in: 1...1_000_000_000_000) ?? 2_000_000
    let name = arguments.value("--profile") ?? Profile.reactosX64.name
    guard let profile = Profile.named(name) else {
      throw CommandFailure.usage("there is no profile '\(name)'")
    }
    var machine = BenchMachine(profile, checks: !arguments.has("--no-checks"))
    machine.live = try arguments.number("--live", in: Self.blockRange)
    machine.pages = try arguments.number("--pages")
    self.machine = machine
    counts =
      try arguments.value("--instructions").map(InstructionCounts.init(file:))
      ?? InstructionCounts()
  }

  /// Live blocks, each of which takes a word beside the pool.
  private static let blockRange: ClosedRange<UInt64> = 1...100_000_000

  func run() throws -> ExitCode {
    if let only = arguments.value("--only") { return try runOnce(only) }
    if arguments.has("--growth") {
      let most = try arguments.number("--most-blocks", in: Self.blockRange) ?? 1_000_000
      let table = GrowthTable(
        machine: machine, steps: steps, streams: streams, json: arguments.has("--json"))
      try table.print(mostBlocks: most)
      return .held
    }
    if !arguments.has("--json") {
      streams.print("profile \(machine.name), \(steps) steps of a free and an allocation each")
      streams.print(
        "kernel             value                times the generator   instructions   checksum")
    }
    var generator: Double?
    for kernel in BenchKernel.allCases {
      generator = try measure(kernel, generator: generator) ?? generator
    }
    return .held
  }

  /// Runs one kernel without a clock, for instruction counters.
  private func runOnce(_ name: String) throws -> ExitCode {
    guard let kernel = BenchKernel(name) else {
      throw CommandFailure.usage("there is no kernel '\(name)'")
    }
    let warmUp = try arguments.number("--warm-up", in: 0...1_000_000_000_000) ?? 0
    let checksum = try kernel.run(machine, warmUp: warmUp, steps: steps) { $0() }
    streams.print(Self.hexadecimal(checksum))
    return .held
  }

  /// Measures a kernel and prints it; returns the nanoseconds of an operation where the kernel is
  /// the generator's loop.
  private func measure(_ kernel: BenchKernel, generator: Double?) throws -> Double? {
    var time = Duration.zero
    let count = kernel.steps(steps)
    let checksum = try kernel.run(machine, warmUp: min(steps / 10, 200_000), steps: count) { body in
      time = ContinuousClock().measure(body)
    }
    let nanoseconds = Self.nanoseconds(time) / Double(max(kernel.unitsOfAStep * count, 1))
    let reference =
      machine.profile.name == Profile.reactosX64.name
      ? kernel.reference(checks: machine.checks) : nil
    let multiple = kernel.workload == nil ? nil : generator.map { nanoseconds / max($0, 0.01) }
    let instructions = counts[kernel, machine]
    if arguments.has("--json") {
      printJSON(kernel, nanoseconds, multiple, instructions, reference, checksum)
    } else {
      printRow(kernel, nanoseconds, multiple, instructions, reference, checksum)
    }
    return kernel == .generator ? nanoseconds : nil
  }

  private func printJSON(
    _ kernel: BenchKernel, _ nanoseconds: Double, _ multiple: Double?, _ instructions: Double?,
    _ reference: (instructions: Double, multiple: Double)?, _ checksum: UInt64
  ) {
    func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
    let ratio = reference.flatMap { reference in instructions.map { $0 / reference.instructions } }
    streams.print(
      JSONValue.object([
        ("name", .string("\(kernel.rawValue), \(machine.name)")), ("unit", .string(kernel.unit)),
        ("value", .number(nanoseconds)), ("instructions", number(instructions)),
        ("reference", number(reference?.instructions)), ("ratio", number(ratio)),
        ("generator_multiple", number(multiple)),
        ("reference_multiple", number(reference?.multiple)),
        ("checksum", .string(Self.hexadecimal(checksum))),
      ]))
  }

  private func printRow(
    _ kernel: BenchKernel, _ nanoseconds: Double, _ multiple: Double?, _ instructions: Double?,
    _ reference: (instructions: Double, multiple: Double)?, _ checksum: UInt64
  ) {
    func column(_ text: String, _ width: Int) -> String {
      text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
    }
    func pair(_ value: Double?, _ reference: Double?) -> String {
      guard let value else { return "" }
      let text = String(format: "%.1f", value)
      return reference.map { text + String(format: " (%g)", $0) } ?? text
    }
    streams.print(
      column(kernel.rawValue, 19)
        + column(String(format: "%.1f ", nanoseconds) + kernel.unit, 21)
        + column(pair(multiple, reference?.multiple), 22)
        + column(pair(instructions, reference?.instructions), 15)
        + Self.hexadecimal(checksum))
  }

  private static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// A duration in nanoseconds.
  static func nanoseconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) * 1e9 + Double(attoseconds) / 1e9
  }
}

/// Instructions an operation, as kept beside the sources: one line for each kernel and machine,
/// `kernel`, `machine` and `instructions`, with tabs between them.
struct InstructionCounts {
  private var counts: [String: Double] = [:]

  /// No counts.
  init() {}

  /// Reads a file of counts; throws with the line that is wrong.
  init(file path: String) throws(CommandFailure) {
    let text = try textOfFile(path)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty && !line.hasPrefix("#") {
      let fields = line.split(separator: "\t")
      guard fields.count == 3, let count = Double(fields[2]) else {
        throw CommandFailure(
          message: "\(path):\(index + 1): expected a kernel, a machine and a number",
          code: .badInput)
      }
      counts["\(fields[0])\t\(fields[1])"] = count
    }
  }

  /// The count of a kernel on a machine, or nil where none is kept.
  subscript(kernel: BenchKernel, machine: BenchMachine) -> Double? {
    counts["\(kernel.rawValue)\t\(machine.name)"]
  }
}
