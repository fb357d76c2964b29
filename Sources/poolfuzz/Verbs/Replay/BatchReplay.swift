import Platform
import JSONLines
import KernelPool
import PoolOracles
import PoolTrace

/// Replays traces from standard input, each ended by a line `end`, and answers each with a JSON
/// line as soon as it is read: the way other people's tools drive the model.
struct BatchReplay {
  private let settings: ReplaySettings
  private let streams: StandardStreams

  init(_ settings: ReplaySettings, _ streams: StandardStreams) {
    self.settings = settings
    self.streams = streams
  }

  /// Reads to the end of the input. A trace with a bad line is answered with an error; the lines
  /// up to its `end` are passed over. A trace is replayed as it is read, so that it may be of any
  /// length.
  func run() throws(CommandFailure) -> ExitCode {
    var parser = TraceParser(.fileDescriptor(0), stream: .manyTraces)
    var code = ExitCode.held
    var number = 1
    var trace = BatchTrace(settings)
    // One for all: what the system has left is not asked anew for every short trace.
    var limits = TraceLimits()
    while true {
      switch parser.next() {
      case .operation(let operation):
        trace.step(operation, parser.header, line: parser.line, &limits)
      case .failure(let error): trace.refuse(error.description(file: "standard input"))
      case .endOfTrace:
        code = code.combined(with: answer(number, &trace, parser.header))
        number += 1
        trace = BatchTrace(settings)
      case .unreadable(let errorNumber):
        throw CommandFailure(SystemError(path: "standard input", number: errorNumber))
      case .finished:
        guard trace.hasBegun else {
          guard number > 1 else {
            throw CommandFailure(message: "standard input: no trace to judge", code: .badInput)
          }
          return code
        }
        return code.combined(with: answer(number, &trace, parser.header))
      }
    }
  }

  private func answer(
    _ number: Int, _ trace: inout BatchTrace, _ header: TraceHeader
  ) -> ExitCode {
    defer { streams.flush() }
    let (line, code) = trace.answer("\(number)", header)
    var bytes: [UInt8] = []
    line.versioned.append(to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
    streams.print(bytes: bytes)
    return code
  }
}

/// One trace of a batch while it is read.
private struct BatchTrace: ~Copyable {
  private let settings: ReplaySettings
  private var session: ReplaySession?
  private var failure: CommandFailure?
  private var hasConfiguration = false
  private var line: UInt64 = 0

  init(_ settings: ReplaySettings) { self.settings = settings }

  /// True once there is something to answer.
  var hasBegun: Bool { session != nil || failure != nil }

  /// Gives the trace up; the first reason stands.
  mutating func refuse(_ message: String, _ code: ExitCode = .badInput) {
    failure = failure ?? CommandFailure(message: message, code: code)
    session = nil
  }

  /// Runs an operation, on a machine that is set up first where there is none.
  mutating func step(
    _ operation: PoolTrace.Operation, _ header: TraceHeader, line: UInt64,
    _ limits: inout TraceLimits
  ) {
    guard failure == nil, header.target == nil else { return }
    if session == nil {
      limits.beginTrace()
      boot(operation, header)
    }
    do throws(CommandFailure) {
      switch session {
      case .some(let session): try limits.allow(operation, session.replayer.slots)
      case .none: return
      }
      if session?.step(operation, line: line) != nil { self.line = line }
    } catch {
      refuse(error.message, error.code)
    }
  }

  private mutating func boot(_ first: PoolTrace.Operation?, _ header: TraceHeader) {
    var configuration = TraceConfiguration()
    if case .config(let own)? = first {
      configuration = own
      hasConfiguration = true
    }
    if let profile = settings.profile {
      configuration = configuration.replacingProfile(by: profile)
    }
    do {
      let mutant = try settings.mutant ?? header.plantedBug() ?? .none
      session = try ReplaySession.boot(configuration, level: settings.level, mutant: mutant)
    } catch let error as TraceError {
      refuse(error.description(file: "standard input"))
    } catch let error as ConfigurationError {
      refuse(error.message)
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// The line that answers the trace, which ends here.
  mutating func answer(_ name: String, _ header: TraceHeader) -> (line: JSONValue, code: ExitCode) {
    if let target = header.target, failure == nil {
      let verdict = TraceVerdict.recordedAgainst(target.value, header, name)
      return (ReplayReport.json(name, verdict), verdict.code)
    }
    if !hasBegun { boot(nil, header) }
    session?.finish()
    let state: ReplayReport.State? =
      switch session {
      case .some(let session): ReplayReport.State(session, settings)
      case .none: nil
      }
    session?.finishByEmptying()
    switch session {
    case .some(let session):
      guard let state else { preconditionFailure("a state of every machine") }
      let verdict = TraceVerdict(
        name, line: line, session, header, hasConfiguration: hasConfiguration,
        isStrict: settings.isStrict)
      return (ReplayReport.json(name, session, verdict, state), verdict.code)
    case .none:
      guard let failure else { preconditionFailure("a machine or a reason") }
      return (ReplayReport.json(name, failure.message), failure.code)
    }
  }
}
