import KernelPool
import Platform
import PoolTrace

/// Ends a replay with a message before it takes more memory than it may, or more time.
///
/// Regions cost nothing until they are touched, so whether a trace fits shows only while it runs:
/// filling a request of 64 GiB touches all of it, and so does freeing it, because the kernel stamps
/// every free page. Large operations are weighed before they run, small ones by the thousand. What
/// takes memory or time elsewhere is noticed by ``ProcessLimits``, which ends the process; this here
/// costs nothing but the one trace.
struct TraceLimits {
  private let memoryBytes = ProcessLimits.memoryBytes
  private let seconds = ProcessLimits.seconds
  private var begin = ContinuousClock.now
  private var untilNextLook = 0

  /// Operations that are weighed one by one.
  private static let largeBytes: UInt64 = 1 << 20
  /// Small operations between two looks.
  private static let operationsPerLook = 8192

  /// The time of another trace begins.
  mutating func beginTrace() { begin = .now }

  /// Throws where `operation` would go beyond the limits, as far as that can be known.
  mutating func allow(
    _ operation: PoolTrace.Operation, _ slots: ReplaySlots
  ) throws(CommandFailure) {
    let bytes = Self.bytes(operation, slots)
    if bytes < Self.largeBytes {
      untilNextLook -= 1
      guard untilNextLook < 0 else { return }
      untilNextLook = Self.operationsPerLook
    }
    guard begin.duration(to: .now) / .seconds(1) <= seconds else {
      throw CommandFailure(
        message: "'\(TraceWriter.line(operation))' is not reached in \(seconds) s (--timeout)",
        code: .environment)
    }
    guard let resident = Machine.residentBytes() else { return }
    guard resident < memoryBytes, bytes <= memoryBytes - resident else {
      throw CommandFailure(
        message: "'\(TraceWriter.line(operation))' needs up to \(bytes) bytes beside the"
          + " \(resident) in use, which is beyond the limit of \(memoryBytes)"
          + " (--memory-limit)", code: .environment)
    }
  }

  /// As above, for the operation that a file has just given; the message names its line.
  mutating func allow(
    _ operation: PoolTrace.Operation, _ slots: ReplaySlots, in file: borrowing TraceFile
  ) throws(CommandFailure) {
    do {
      try allow(operation, slots)
    } catch {
      throw CommandFailure(message: "\(file.path):\(file.line): \(error.message)", code: error.code)
    }
  }

  private static func bytes(_ operation: PoolTrace.Operation, _ slots: ReplaySlots) -> UInt64 {
    switch operation {
    case .alloc(_, _, let bytes, _), .contiguous(_, let bytes, _): bytes
    case .free(let name, _), .fill(let name),
      .freeAt(.slot(let name, _), _):
      slots[name]?.bytes ?? 0
    default: 0
    }
  }
}

extension Option {
  /// The memory of a run, for every verb.
  static let memoryLimit = Option(
    name: "--memory-limit", argument: .quantity("BYTES", .bytes()),
    help: "ends with 4 before much more memory is taken (nine tenths of what is available)")

  /// The time of an input, for every verb.
  static let timeout = Option(
    name: "--timeout", argument: .quantity("TIME", .time()),
    help: "ends with 4 where one trace or file takes longer (1h)")
}

extension ParsedArguments {
  /// Begins to watch over the limits. With `--target` they are those of the other allocator.
  func watchLimits() throws(CommandFailure) {
    let isTarget = !TargetOptions.libraries(self).isEmpty
    let bytes = isTarget ? nil : try number(Option.memoryLimit.name)
    let seconds = isTarget ? nil : try seconds(Option.timeout.name)
    ProcessLimits.watch(
      memoryBytes: bytes ?? Machine.availableBytes().map { max($0 / 10 * 9, 1 << 29) } ?? .max,
      seconds: seconds ?? 3600, endingWith: ExitCode.environment.rawValue, tellsOfSignals: true)
  }
}
