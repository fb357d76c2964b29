import AllocatorTargets
import Foundation
import PoolFuzzing
import PoolTrace
import PropertyTesting

/// One run of `fuzz --target`: traces on somebody else's allocator in a worker process, failing ones
/// made small and filed. With operands it runs these traces instead.
final class TargetCampaign {
  private let settings: TargetSettings
  private let traces: TargetTraces
  private let tester: TargetTester
  private let streams: StandardStreams
  private let files: [String]
  private let folder: String
  private let traceLimit: UInt64
  private let seconds: Double?
  private let isJSON: Bool
  private let isQuiet: Bool
  private let shrinks: Bool
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var known: Set<FailureIdentity> = []
  private var flaky: Set<FailureIdentity> = []
  private var operationCount: UInt64 = 0
  private var code = ExitCode.held

  init(
    _ arguments: ParsedArguments, library: String, _ streams: StandardStreams
  ) throws(CommandFailure) {
    settings = try TargetOptions.settings(arguments, library: library)
    files = arguments.operands
    // Traces of files need no generator; there a profile would be a version.
    let names = files.isEmpty ? arguments.values("--profile") : []
    let profiles = names.compactMap(GeneratorProfile.named)
    guard profiles.count == names.count, profiles.allSatisfy(\.isHealthy) else {
      let all = GeneratorProfile.healthy.map(\.name).joined(separator: ", ")
      throw .usage("with --target, --profile is one of \(all)")
    }
    let seed = try FuzzSettings.seed(arguments)
    traces = TargetTraces(
      seed: seed, profiles: profiles.isEmpty ? GeneratorProfile.healthy : profiles)
    folder = arguments.value("--corpus") ?? "Corpus"
    seconds = try arguments.value("--for").map(FuzzSettings.seconds)
    let isEndless = seconds != nil || arguments.has("--forever")
    traceLimit = try arguments.number("--traces") ?? (isEndless ? .max : 10_000)
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    shrinks = !arguments.has("--no-shrink")
    self.streams = streams
    start = clock.now
    tester = try TargetOptions.tester(settings)
  }

  func run() throws(CommandFailure) -> ExitCode {
    Interruption.install()
    do throws(TargetError) {
      return try files.isEmpty ? generate() : replay()
    } catch {
      throw CommandFailure(message: error.message, code: .environment)
    }
  }

  private var elapsed: Double {
    let (seconds, attoseconds) = (clock.now - start).components
    return Double(seconds) + Double(attoseconds) / 1e18
  }

  // MARK: Generated traces

  private func generate() throws(TargetError) -> ExitCode {
    if !isQuiet { streams.note("seed \(traces.seed), target \(settings.library)") }
    FindingStore(folder: folder).removeLeftovers()
    var number: UInt64 = 0
    while number < traceLimit, !Interruption.isRequested, elapsed < seconds ?? .infinity {
      let trace = traces.trace(number)
      number += 1
      operationCount += UInt64(trace.operations.count)
      if let failure = try tester.test(trace) { try take(trace, failure) }
    }
    tellEnd(number)
    return Interruption.isRequested ? .interrupted : code
  }

  private func take(_ trace: PoolFuzzTrace, _ failure: TargetFailure) throws(TargetError) {
    let identity = failure.identity(in: trace)
    guard !known.contains(identity) else { return }
    guard try repeats(trace, identity) else { return tellFlaky(trace, identity) }
    guard shrinks else {
      known.insert(identity)
      code = .found
      return file(trace, identity, nil, before: trace.operations.count)
    }
    let reduced = try tester.shrink(trace, failure)
    guard try repeats(reduced.trace, identity) else { return tellFlaky(trace, identity) }
    known.insert(identity)
    code = .found
    file(reduced.trace, identity, reduced.certificate, before: trace.operations.count)
  }

  /// How often a failure must show itself again, each time in a process of its own, before the
  /// allocator is blamed for it.
  private static let confirmations = 3

  private func repeats(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity
  ) throws(TargetError) -> Bool {
    for _ in 0..<Self.confirmations {
      guard try tester.test(trace)?.identity(in: trace) == identity else { return false }
    }
    return true
  }

  /// Tells of a failure that did not repeat: it may be the machine's.
  private func tellFlaky(_ trace: PoolFuzzTrace, _ identity: FailureIdentity) {
    guard flaky.insert(identity).inserted else { return }
    streams.note(
      "flaky: \(identity) on \(counted(trace.operations.count, "operation")) did not repeat"
        + " \(Self.confirmations) times, and is not filed")
  }

  private func file(
    _ trace: PoolFuzzTrace, _ identity: FailureIdentity, _ certificate: Certificate?, before: Int
  ) {
    let name = PathText.name(of: settings.library)
    let option = settings.option.isEmpty ? "" : " --target-option '\(settings.option)'"
    let text = trace.text(comments: [
      "failure: \(identity)", "target: \(name)",
      "replay: poolfuzz replay --target \(settings.library)\(option) FILE",
    ])
    let found = FoundTrace(trace, identity, certificate)
    let base =
      "\(folder)/found/\(name)/\(found.folderName)/" + found.contentHash
    do throws(AtomicFile.Failure) {
      if let certificate { try AtomicFile.write("\(certificate)", to: base + ".certificate") }
      try AtomicFile.write(text, to: base + ".trace")
    } catch {
      // The trace itself must not be lost with the disk.
      streams.note("poolfuzz: \(error.message)")
      streams.print(text)
      code = code.combined(with: .environment)
    }
    tell(identity, base + ".trace", certificate, before: before, after: trace.operations.count)
  }

  private func tell(
    _ identity: FailureIdentity, _ path: String, _ certificate: Certificate?, before: Int,
    after: Int
  ) {
    guard isJSON else {
      streams.print("finding: \(identity): \(before) operations, now \(after): \(path)")
      streams.flush()
      return
    }
    let members: [(String, JSONValue)] = [
      ("identity", .string(identity.description)), ("trace", .string(path)),
      ("certificate", .string(certificate == nil ? "" : path.dropLast(6) + ".certificate")),
      ("operations_before", .integer(Int64(before))),
      ("operations_after", .integer(Int64(after))),
      ("one_minimal", .bool(certificate?.isMinimal ?? false)),
    ]
    streams.print(
      JSONValue.object([
        ("event", .string("finding")), ("seed", .unsigned(traces.seed.value)),
        ("target", .string(settings.library)), ("finding", .object(members)),
      ]).text)
    streams.flush()
  }

  private func tellEnd(_ number: UInt64) {
    if isJSON {
      streams.print(
        JSONValue.object([
          ("event", .string("end")), ("seed", .unsigned(traces.seed.value)),
          ("target", .string(settings.library)), ("traces", .unsigned(number)),
          ("operations", .unsigned(operationCount)), ("seconds", .number(elapsed)),
          ("finding", .null), ("findings", .integer(Int64(known.count))),
          ("flaky", .integer(Int64(flaky.count))),
          ("processes_lost", .integer(Int64(tester.lostProcessCount))),
        ]).text)
    }
    guard !isQuiet else { return }
    let rate = Int(Double(operationCount) / max(elapsed, 0.001))
    streams.note(
      "end: \(number) traces, \(operationCount) operations, \(rate) a second,"
        + " \(tester.lostProcessCount) processes lost, \(known.count) failures")
  }

  // MARK: Traces from files

  private func replay() throws(TargetError) -> ExitCode {
    for path in files {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        streams.note("poolfuzz: \(path): cannot be read")
        code = code.combined(with: .environment)
        continue
      }
      let trace: PoolFuzzTrace
      let recorded: FailureIdentity?
      do throws(TraceError) {
        let read = try PoolFuzzTrace.readingWithHeader(text)
        trace = read.trace
        recorded = read.header.failure.map { FailureIdentity($0.value) }
      } catch {
        streams.note("poolfuzz: \(error.description(file: path))")
        code = code.combined(with: .badInput)
        continue
      }
      guard !trace.operations.isEmpty else {
        streams.note("\(path): not judged: the trace is empty")
        code = code.combined(with: .badInput)
        continue
      }
      guard let failure = try tester.test(trace) else {
        let gone = recorded.map { "gone: '\($0)' does not occur: " } ?? ""
        if !isQuiet {
          streams.print(
            "\(path): \(gone)ok, \(counted(trace.operations.count, "operation")) on"
              + " \(settings.library)")
        }
        continue
      }
      code = code.combined(with: .found)
      let identity = failure.identity(in: trace)
      let asRecorded = recorded == identity ? "as recorded, " : ""
      streams.print("\(path): \(asRecorded)\(identity): \(failure.text)")
    }
    return code
  }
}
