import Platform
import KernelPool
import PoolTrace

/// Ends a replay with a message before it takes more memory than the machine has.
///
/// Regions cost nothing until they are touched, so whether a trace fits shows only while it runs:
/// filling a request of 64 GiB touches all of it, and so does freeing it, because the kernel stamps
/// every free page. Large operations are weighed before they run, small ones by the thousand.
struct MemoryLimit {
  /// Bytes that the process may have in memory.
  let limitBytes: UInt64
  private var untilNextLook = 0

  /// Operations that are weighed one by one.
  private static let largeBytes: UInt64 = 1 << 20
  /// Small operations between two looks.
  private static let operationsPerLook = 8192

  /// A limit; nil stands for nine tenths of what is available now.
  init(_ limitBytes: UInt64?) {
    self.limitBytes = limitBytes ?? Machine.availableBytes().map { $0 / 10 * 9 } ?? .max
  }

  /// Throws where `operation` would go beyond the limit, as far as that can be known.
  mutating func allow(
    _ operation: PoolTrace.Operation, _ slots: ReplaySlots
  ) throws(CommandFailure) {
    let bytes = Self.bytes(operation, slots)
    if bytes < Self.largeBytes {
      untilNextLook -= 1
      guard untilNextLook < 0 else { return }
      untilNextLook = Self.operationsPerLook
    }
    guard let resident = Machine.residentBytes() else { return }
    guard resident < limitBytes, bytes <= limitBytes - resident else {
      throw CommandFailure(
        message: "'\(TraceWriter.line(operation))' needs up to \(bytes) bytes beside the"
          + " \(resident) in use, which is beyond the limit of \(limitBytes)"
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
