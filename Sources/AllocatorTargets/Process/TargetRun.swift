/// What became of one trace in the worker.
struct TargetRun {
  /// How it ended.
  enum Ending: Equatable {
    /// It was run to its end.
    case finished
    /// The worker noticed something itself.
    case problem(TargetProblem, detail: UInt64, second: UInt64, message: String)
    /// A signal ended the process.
    case signalled(Int32)
    /// The process ended itself with this code.
    case exited(Int32)
    /// Nothing moved any more.
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
  /// The round that was being run, from 0.
  var round: UInt64 = 0
  /// Rounds of those that were asked for in which more than leaks is judged.
  var writtenRounds: UInt64 = 0
  /// The footprint of the fresh allocator.
  var freshFootprint: UInt64 = 0
  /// Footprints and bytes of address space after rounds 1, 2, 4, ...; 0 for those that were not run.
  var footprints: [UInt64] = []
  var addressSpace: [UInt64] = []
  /// Rounds behind which what is straight is a leak, as a power of two.
  var certainMark = RoundReadings.certainMark
  /// Both after some rest; 0 where there was none.
  var rested: (footprint: UInt64, addressSpace: UInt64) = (0, 0)
  /// Whether the emptied allocator served the largest request of a fresh one.
  var freshServed = false
  /// Where the arena began; 0 where the allocator got none.
  var arenaBase: UInt64 = 0
  /// What `grow` gave, and regions that were added: address and bytes.
  var growth: (base: UInt64, bytes: UInt64) = (0, 0)
  var regions: [(base: UInt64, bytes: UInt64)] = []
  /// How often each place of the library's code was reached in the first round, up to 255; empty where
  /// nobody asked.
  var counters: [UInt8] = []
  /// Counters that the library has; more than those where it has more than are looked at.
  var counterCount: UInt64 = 0
  /// The address that a process touched which a signal ended, and the calls that led there.
  var crash: (address: UInt64, backtrace: [String]) = (0, [])
  /// What was written on standard output, and on standard error.
  var output = ""
  var errors = ""

  init(ending: Ending, phase: SharedArea.Phase, step: Int, results: [TargetResult]) {
    (self.ending, self.phase, self.step, self.results) = (ending, phase, step, results)
  }
}

/// What a worker is to run, and how.
struct WorkerOrder {
  var operations: [TargetOperation]
  var setup: TargetSetup
  /// The largest request that a fresh allocator serves; 0 where nobody has asked.
  var freshBytes: UInt64 = 0
  var flags: SharedArea.Flag = []
  /// For how long a run that seems to leak waits before it is looked at again.
  var restSeconds = 0.0
  /// Rounds behind which what is straight is a leak, as a power of two.
  var certainMark = RoundReadings.certainMark
}

/// How an allocator is put under test.
public struct TargetSettings: Sendable, Hashable {
  /// The shared library, or `malloc` for the system's own.
  public var library: String
  /// Text that the library gets when an allocator is created.
  public var option = ""
  /// A library that the worker's process loads before all others, such as the runtime of a sanitizer that
  /// the library under test was compiled with; empty for none.
  public var preload = ""
  /// Seconds without progress after which a trace counts as one that hangs.
  public var timeoutSeconds = 5.0
  /// The same, at most, of a candidate while a failing trace is reduced: what is left out of a trace may
  /// make others hang, and each would cost the whole time-out.
  public var candidateSeconds = 0.5
  /// Resident bytes of the worker above which an allocator counts as growing without bound.
  public var memoryLimitBytes: UInt64 = 512 << 20
  /// Seconds after which a library that seems to leak has given back what it gives back by the clock.
  public var restSeconds = 15.0
  /// Operations that a worker has room for; one that gets a longer trace is replaced by a larger.
  public var operationLimit = 8192

  /// The usual settings for a library.
  public init(library: String) { self.library = library }
}

/// Why an allocator cannot be put under test at all.
public struct TargetError: Error, Equatable, Sendable {
  /// What is wrong, with the library's name.
  public let message: String
}
