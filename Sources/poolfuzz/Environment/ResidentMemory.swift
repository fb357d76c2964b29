import Foundation

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
