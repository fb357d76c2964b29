import JSONLines
import KernelPool
import PoolOracles
import PoolTrace

extension Verb {
  /// `poolfuzz export`: a trace as a test that a real kernel can run.
  static let export = Verb(
    name: "export", operands: "TRACE",
    summary: "writes a trace as a kernel-mode test in C, to ask a real Windows the same",
    examples: [
      (
        "poolfuzz export --kmtest churn.trace -o churn.c",
        "a test for ReactOS's kmtests, which also run on Windows"
      )
    ],
    options: [
      Option(
        name: "--kmtest", argument: .none,
        help: "the form of ReactOS's kernel-mode tests (the only one)"),
      .output("the file (standard output)"),
    ],
    run: { arguments, streams in
      guard arguments.operands.count == 1, let path = arguments.operands.first else {
        throw CommandFailure.usage("export takes one trace")
      }
      guard arguments.has("--kmtest") else {
        throw CommandFailure.usage("export needs the form to write: --kmtest")
      }
      let file = try arguments.value("--output").map { path throws(CommandFailure) in
        try WholeFile(path: path, telling: streams)
      }
      let test = try KernelModeTest(of: path, streams)
      if let file {
        file.write(Array(test.text.utf8))
        try file.finish()
      } else if !arguments.has("--json") {
        streams.print(bytes: Array(test.text.utf8))
      }
      if arguments.has("--json") {
        streams.print(test.json(path, withText: file == nil))
      } else if !arguments.has("--quiet") {
        streams.note(test.summary(path))
      }
      return .held
    })
}

/// Replays a trace with every check and writes down what the model answers.
extension KernelModeTest {
  /// The test of the trace of `path`. Throws where the trace does not hold, and where a real machine
  /// must not run it: whatever stops the kernel, writes outside of a block or frees a bare address.
  init(of path: String, _ streams: StandardStreams) throws(CommandFailure) {
    var file = try TraceFile(path: path, streams)
    let configuration = try file.configuration() ?? TraceConfiguration()
    file.tellWhatIsPassedOver(by: "export", streams)
    var session = try ReplaySession.boot(configuration, level: .full, for: file.path)
    self.init(configuration.pool.profile)
    var limits = TraceLimits()
    while let operation = try file.next() {
      try limits.allow(operation, session.replayer.slots, in: file)
      guard let result = session.step(operation, line: file.line) else { break }
      if let obstacle = add(operation, result, session.replayer) {
        throw CommandFailure(
          message: "\(file.path):\(file.line): '\(TraceWriter.line(operation))' \(obstacle),"
            + " so no real machine is asked for it", code: .badInput)
      }
    }
    session.finish()
    guard session.outcome?.isOK ?? true else {
      throw CommandFailure(
        message: "\(file.path): the trace does not hold on the model, so there is nothing to ask:"
          + " replay it first", code: .found)
    }
    guard operations > 0 else {
      throw CommandFailure(message: "\(file.path): no operation to export", code: .badInput)
    }
  }

  /// What was written, in a line.
  func summary(_ path: String) -> String {
    "\(path): \(counted(operations, "operation")), \(counted(checks, "check"))"
      + (leftOut > 0 ? ", \(counted(leftOut, "line")) left out that a kernel cannot answer" : "")
  }

  /// The same for a program.
  func json(_ path: String, withText: Bool) -> JSONValue {
    .object([
      ("trace", .string(path)), ("operations", .unsigned(operations)),
      ("checks", .unsigned(checks)), ("left_out", .unsigned(leftOut)),
      ("text", withText ? .string(text) : .null),
    ])
  }
}
