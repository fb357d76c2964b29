import Foundation
import KernelPool
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
    var memory = MemoryLimit(settings.memoryLimit)
    while true {
      switch parser.next() {
      case .operation(let operation): trace.step(operation, &memory)
      case .failure(let error): trace.refuse(error.description(file: "standard input"))
      case .endOfTrace:
        code = code.combined(with: answer(number, &trace))
        number += 1
        trace = BatchTrace(settings)
      case .unreadable(let errorNumber):
        throw CommandFailure(
          message: "standard input: \(String(cString: strerror(errorNumber)))",
          code: .environment)
      case .finished:
        guard trace.hasBegun else { return code }
        return code.combined(with: answer(number, &trace))
      }
    }
  }

  private func answer(_ number: Int, _ trace: inout BatchTrace) -> ExitCode {
    defer { streams.flush() }
    let (line, code) = trace.answer("\(number)")
    var bytes: [UInt8] = []
    line.append(to: &bytes)
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

  init(_ settings: ReplaySettings) { self.settings = settings }

  /// True once there is something to answer.
  var hasBegun: Bool { session != nil || failure != nil }

  /// Gives the trace up; the first reason stands.
  mutating func refuse(_ message: String, _ code: ExitCode = .badInput) {
    failure = failure ?? CommandFailure(message: message, code: code)
    session = nil
  }

  /// Runs an operation, on a machine that is set up first where there is none.
  mutating func step(_ operation: PoolTrace.Operation, _ memory: inout MemoryLimit) {
    guard failure == nil else { return }
    if session == nil { boot(operation) }
    do throws(CommandFailure) {
      switch session {
      case .some(let session): try memory.allow(operation, session.replayer.slots)
      case .none: return
      }
      _ = session?.step(operation)
    } catch {
      refuse(error.message, error.code)
    }
  }

  private mutating func boot(_ first: PoolTrace.Operation?) {
    var configuration = TraceConfiguration()
    if case .config(let own)? = first { configuration = own }
    if let profile = settings.profile {
      configuration = configuration.replacingProfile(by: profile)
    }
    do {
      session = try ReplaySession.boot(
        configuration, level: settings.level, mutant: settings.mutant)
    } catch {
      refuse(error.message)
    }
  }

  /// The line that answers the trace, which ends here.
  mutating func answer(_ name: String) -> (line: JSONValue, code: ExitCode) {
    if !hasBegun { boot(nil) }
    session?.finish()
    if let failure { return (ReplayReport.json(name, failure.message), failure.code) }
    guard let (line, isOK) = report(name) else { preconditionFailure("a machine or a reason") }
    return (line, isOK ? .held : .found)
  }

  private func report(_ name: String) -> (JSONValue, Bool)? {
    switch session {
    case .some(let session):
      (
        ReplayReport.json(name, session, settings),
        session.outcome?.isOK ?? true && BoundShare(session).breach == nil
      )
    case .none: nil
    }
  }
}
