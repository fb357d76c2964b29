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
  /// up to its `end` are passed over.
  func run() throws -> ExitCode {
    var parser = TraceParser(.fileDescriptor(0), stream: .manyTraces)
    var code = ExitCode.held
    var operations: [PoolTrace.Operation] = []
    var failure: TraceError?
    var count = 0
    while true {
      switch parser.next() {
      case .operation(let operation): if failure == nil { operations.append(operation) }
      case .failure(let error): if failure == nil { failure = error }
      case .endOfTrace:
        count += 1
        code = code.combined(with: answer(count, operations, failure))
        operations.removeAll(keepingCapacity: true)
        failure = nil
      case .unreadable(let number):
        throw CommandFailure(message: "standard input: error \(number)", code: .environment)
      case .finished:
        if !operations.isEmpty || failure != nil {
          code = code.combined(with: answer(count + 1, operations, failure))
        }
        return code
      }
    }
  }

  private func answer(
    _ number: Int, _ operations: [PoolTrace.Operation], _ failure: TraceError?
  ) -> ExitCode {
    defer { streams.flush() }
    if let failure { return refuse(number, failure.description(file: "standard input")) }
    var configuration = TraceConfiguration()
    if case .config(let own)? = operations.first { configuration = own }
    if let profile = settings.profile {
      configuration = configuration.replacingProfile(by: profile)
    }
    do {
      var session = try ReplaySession.boot(
        configuration, level: settings.level, mutant: settings.mutant)
      for operation in operations where session.step(operation) == nil { break }
      session.finish()
      streams.print(ReplayReport.json("\(number)", session).text)
      return session.outcome?.isOK ?? true ? .held : .found
    } catch {
      return refuse(number, error.message)
    }
  }

  private func refuse(_ number: Int, _ message: String) -> ExitCode {
    streams.print(
      JSONValue.object([
        ("trace", .string("\(number)")), ("outcome", .string("error")),
        ("message", .string(message)),
      ]).text)
    return .badInput
  }
}
