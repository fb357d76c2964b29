import Foundation
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
    self.limitBytes = limitBytes ?? Self.availableBytes().map { $0 / 10 * 9 } ?? .max
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
    guard let resident = Self.residentBytes() else { return }
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

  /// Bytes of this process that are in memory now; nil where the system does not tell.
  private static func residentBytes() -> UInt64? {
    guard let text = firstBytes(of: "/proc/self/statm") else { return nil }
    let fields = text.split(separator: " ")
    guard fields.count > 1, let pages = UInt64(fields[1]) else { return nil }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Bytes that the machine could give a process now; nil where the system does not tell.
  private static func availableBytes() -> UInt64? {
    guard let text = firstBytes(of: "/proc/meminfo") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
      return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 * 1024 }
    }
    return nil
  }

  private static func firstBytes(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
  }
}

/// What this process holds of the machine's memory.
enum ResidentMemory {
  /// Most bytes that were ever resident; 0 where the system does not say.
  static var peakBytes: UInt64 {
    var usage = rusage()
    // 0 is RUSAGE_SELF, whose type differs from system to system.
    guard getrusage(0, &usage) == 0 else { return 0 }
    return UInt64(usage.ru_maxrss) << 10
  }
}
