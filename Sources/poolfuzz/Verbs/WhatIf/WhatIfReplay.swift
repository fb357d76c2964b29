import KernelPool
import PoolOracles
import PoolTrace

/// Replays a trace as it is and as it would have been, operation by operation.
///
/// Expectations are passed over: they prove the original. Nothing is checked.
struct WhatIfReplay {
  /// The trace.
  let path: String
  /// What is changed.
  var changes: ChangedRequests
  /// Another system for the changed replay.
  let profile: Profile?
  /// The request that the indices of free space are for; nil for one of half a page.
  let requestBytes: UInt64?

  /// Replays and prints. A kernel that stopped in either replay is exit code 1.
  func run(
    _ streams: StandardStreams, asJSON: Bool, isQuiet: Bool
  ) throws(CommandFailure) -> ExitCode {
    var file = try TraceFile(path: path)
    let configuration = try file.configuration() ?? TraceConfiguration()
    file.tellWhatIsPassedOver(by: "whatif", streams)
    let changed = profile.map { configuration.replacingProfile(by: $0) } ?? configuration
    var before = try boot(configuration)
    var after = try boot(changed)
    var changes = changes
    while let operation = try file.next() {
      switch operation {
      case .config, .dump, .expect: continue
      default: break
      }
      _ = before.step(operation)
      if let operation = changes.change(operation, after.replayer.slots) {
        _ = after.step(operation)
      }
    }
    before.finish()
    after.finish()
    guard before.operations > 0 else {
      throw CommandFailure(message: "\(file.path): no operation to change", code: .badInput)
    }
    var code = ExitCode.held
    for sentence in changes.withoutEffect {
      streams.note("poolfuzz: \(file.path): \(sentence)")
      code = .badInput
    }
    for (name, halted) in [
      ("before", Self.stop(before)), ("after", Self.stop(after)),
    ] {
      guard let halted else { continue }
      streams.note("poolfuzz: \(file.path): \(name) the change: \(halted)")
      code = code.combined(with: .found)
    }
    let comparison = MetricComparison(
      before: before.metrics(requestBytes: requestBytes),
      after: after.metrics(requestBytes: requestBytes),
      bounds: (BoundShare(before), BoundShare(after)))
    if asJSON {
      streams.print(comparison.json.text)
    } else {
      comparison.lines.forEach(streams.print)
      if !isQuiet, changes.parked.hits > 0 || changes.parked.count > 0 {
        streams.print(
          "lookaside lists: \(changes.parked.hits) requests answered, "
            + "\(changes.parked.count) blocks parked at the end")
      }
    }
    return code
  }

  private func boot(
    _ configuration: TraceConfiguration
  ) throws(CommandFailure) -> ReplaySession {
    do {
      return try ReplaySession.boot(configuration, level: .off)
    } catch {
      throw CommandFailure(message: "\(path): \(error.message)", code: .badInput)
    }
  }

  private static func stop(_ session: borrowing ReplaySession) -> String? {
    guard let reason = session.replayer.pool.halted else { return nil }
    return "operation \(session.operations): " + reason.text(AddressPrinter(session.view))
  }
}
