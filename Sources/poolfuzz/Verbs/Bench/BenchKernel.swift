import KernelPool
import PoolOracles
import PoolTrace

/// One deterministic piece of work that is measured, by the name that `--only` and the committed
/// instruction counts use.
enum BenchKernel: String, CaseIterable {
  case generator
  case small
  case smallLookaside = "small-lookaside"
  case mixed
  case large
  case smallCheap = "small-cheap"
  case smallFull = "small-full"
  case traces
  case replay
  case replayCheap = "replay-cheap"
  case replayFull = "replay-full"
  case replayComplete = "replay-complete"

  /// The kernel of a name, or of a number as the workloads are counted in the recorded figures.
  init?(_ text: String) {
    let workloads: [Self] = [.small, .smallLookaside, .mixed, .large]
    if let number = Int(text) {
      guard workloads.indices.contains(number) else { return nil }
      self = workloads[number]
    } else {
      self.init(rawValue: text)
    }
  }

  /// The request sequence, where the kernel is one.
  var workload: ReferenceWorkload? {
    switch self {
    case .small, .smallCheap, .smallFull, .generator: .smallChurn
    case .smallLookaside: .smallChurnLookaside
    case .mixed: .mixed
    case .large: .largePages
    case .traces, .replay, .replayCheap, .replayFull, .replayComplete: nil
    }
  }

  /// The check level of kernels that replay.
  var level: CheckLevel {
    switch self {
    case .traces, .replayCheap, .smallCheap: .fast
    case .replayFull, .smallFull: .full
    case .replayComplete: .complete
    default: .off
    }
  }

  /// What a value is counted in.
  var unit: String { self == .traces ? "ns/trace" : "ns/operation" }

  /// Operations of a step, or traces.
  var unitsOfAStep: Int { workload == nil ? 1 : 2 }

  /// Steps of a timed run where `--steps` asks for so many.
  func steps(_ asked: Int) -> Int {
    switch self {
    case .generator, .small, .smallLookaside, .mixed, .large: asked
    case .replay, .replayCheap, .smallCheap: asked / 2
    case .traces: asked / 64
    case .replayFull, .smallFull: asked / 4
    case .replayComplete: asked / 100
    }
  }

  /// What is recorded of the reference, on reactos-x64: instructions an operation (callgrind), and
  /// time as a multiple of the generator's loop. Nil where nothing is.
  func reference(checks: Bool) -> (instructions: Double, multiple: Double)? {
    switch (self, checks) {
    case (.small, true): (2921, 125)
    case (.small, false): (205, 12)
    case (.smallLookaside, true): (424, 21)
    case (.smallLookaside, false): (147, 8.2)
    case (.mixed, true): (520, 36)
    case (.mixed, false): (212, 23)
    case (.large, true): (404, 74)
    case (.large, false): (402, 69)
    default: nil
    }
  }

  /// Sets the kernel up and runs it: first steps that are not measured, then those that `measure`
  /// is given to run. Returns a checksum, the same on every machine.
  func run(
    _ machine: BenchMachine, warmUp: Int, steps: Int, measure: (() -> Void) -> Void
  ) throws(CommandFailure) -> UInt64 {
    do {
      return try runOrThrow(machine, warmUp: warmUp, steps: steps, measure: measure)
    } catch let error as ConfigurationError {
      throw CommandFailure(message: error.message, code: .environment)
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure(message: "\(error)", code: .environment)
    }
  }

  private func runOrThrow(
    _ machine: BenchMachine, warmUp: Int, steps: Int, measure: (() -> Void) -> Void
  ) throws -> UInt64 {
    if self == .generator {
      var run = GeneratorRun(.smallChurn)
      measure { run.run(steps: steps) }
      return run.checksum
    }
    if let workload, level == .off {
      var run = try WorkloadRun(machine.scale(workload), profile: machine.profile)
      run.warmUp(steps: warmUp)
      measure { run.run(steps: steps) }
      return run.checksum
    }
    if self == .traces {
      var traces = ShortTraces(profile: machine.profile, level: level)
      try traces.run(steps: 1)
      var failure: (any Error)?
      measure { do { try traces.run(steps: steps) } catch { failure = error } }
      if let failure { throw failure }
      return traces.checksum
    }
    var checked =
      if let workload {
        try CheckedWorkload(
          machine.scale(workload), profile: machine.profile, level: level)
      } else { try CheckedWorkload(profile: machine.profile, level: level) }
    checked.warmUp(steps: warmUp)
    measure { checked.run(steps: steps) }
    if let outcome = checked.finish() {
      throw CommandFailure(message: "the workload came to \(outcome)", code: .found)
    }
    return checked.checksum
  }
}

/// The machine that a kernel runs on.
struct BenchMachine {
  /// The version's facts.
  var profile: Profile
  /// True where the version makes its own checks of lists, headers and pages.
  var checks: Bool
  /// Live blocks and pages of the pool where they differ from the recorded workload's.
  var live: Int?
  var pages: UInt64?

  init(_ profile: Profile, checks: Bool) {
    self.profile = profile
    self.checks = checks
    if !checks { self.profile.checks = .none }
  }

  /// The name that figures are kept under.
  var name: String { checks ? profile.name : profile.name + ", no checks" }

  /// The workload at this machine's size.
  func scale(_ workload: ReferenceWorkload) -> ReferenceWorkload {
    guard live != nil || pages != nil else { return workload }
    return workload.scaled(live: live ?? workload.live, pages: pages ?? workload.pages)
  }
}
