/// What became of one trace in the worker.
struct TargetRun: Equatable {
  /// How it ended.
  enum Ending: Equatable {
    /// It was run to its end.
    case finished
    /// The worker noticed something itself.
    case problem(TargetProblem, detail: UInt64, message: String)
    /// A signal ended the process.
    case signalled(Int32)
    /// The process ended itself with this code.
    case exited(Int32)
    /// It did not end in time.
    case hung
  }

  /// How it ended.
  var ending: Ending
  /// What was going on.
  var phase: SharedArea.Phase
  /// The operation that was being run; the number of operations outside of them.
  var step: Int
  /// Results by operation.
  var results: [TargetResult]
  /// The footprint of the fresh allocator, and after each round, when all was freed.
  var freshFootprint: UInt64
  var footprints: [UInt64]
  var reportsFootprint: Bool
  /// The largest request served at first, and whether it was served at last.
  var probeBytes: UInt64
  var probeServed: Bool
  var naturalAlignment: UInt64
  /// What was written on standard output, and on standard error.
  var output: String
  var errors: String
}

/// How an allocator is put under test.
public struct TargetSettings: Sendable, Hashable {
  /// The shared library, or `malloc` for the system's own.
  public var library: String
  /// Text that the library gets when an allocator is created.
  public var option = ""
  /// Seconds after which a trace counts as one that hangs.
  public var timeoutSeconds = 5.0
  /// Resident bytes of the worker above which an allocator counts as growing without bound.
  public var memoryLimitBytes: UInt64 = 512 << 20
  /// Bytes of address space that the worker may use; 0 is no limit.
  var addressSpaceBytes: UInt64 = 64 << 30
  /// The most operations of a trace.
  public var operationLimit = 8192

  /// The usual settings for a library.
  public init(library: String) { self.library = library }
}

/// Why an allocator cannot be put under test at all.
public struct TargetError: Error, Equatable, Sendable {
  /// What is wrong, with the library's name.
  public let message: String
}
