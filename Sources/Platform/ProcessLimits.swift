#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// How much memory this process may take, and how long one input.
///
/// A thread of its own looks, so that it does not matter who takes the memory or the time: the
/// simulated machine, a reader, a table or a report. Who can say it better, and go on with the next
/// input, looks by itself and is there first.
public enum ProcessLimits {
  /// Below this lies what a process takes that does nothing: a lower limit of memory counts as this
  /// one.
  public static let leastMemoryBytes: UInt64 = 64 << 20
  /// How far beyond a limit a process comes before it is ended, so that who looks by itself is first.
  private static let margin = 1.2

  /// The variable of the environment that plants a crash: beginning with an input of that path ends the process.
  public static let plantedCrash = "POOLFUZZ_CRASH"

  private struct State {
    var memoryBytes: UInt64 = .max
    var seconds = Double.infinity
    var code: Int32 = 1
    var input: (name: String, begin: ContinuousClock.Instant)?
    var tellsOfSignals = false
  }
  private static let state = Mutex(State())

  /// Bytes of memory that the process may have; the largest number without a limit.
  public static var memoryBytes: UInt64 { state.withLock { $0.memoryBytes } }

  /// Seconds that an input may take; infinite without a limit.
  public static var seconds: Double { state.withLock { $0.seconds } }

  /// Ends the process with a message and a code where it has more memory, or an input more time. With
  /// `tellsOfSignals` it also says at which input a signal ends the process for a fault of its own.
  public static func watch(
    memoryBytes: UInt64, seconds: Double, endingWith code: Int32, tellsOfSignals: Bool = false
  ) {
    state.withLock {
      $0.tellsOfSignals = tellsOfSignals
      $0.memoryBytes = memoryBytes
      $0.seconds = seconds
      $0.code = code
    }
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    // Without the thread, who looks by itself still does.
    let failure = pthread_create(&thread, nil, { _ in ProcessLimits.look() }, nil)
    if tellsOfSignals, failure == 0 { FatalSignals.hold() }
  }

  /// Whether it says what a signal ends, or leaves that to somebody who can go on without it.
  public static func tellOfSignals(_ tells: Bool) { state.withLock { $0.tellsOfSignals = tells } }

  /// The time of a file begins, and with it that of the one before has ended. Standard input takes
  /// the time of whoever writes it.
  public static func begin(input path: String) {
    state.withLock { $0.input = path == "-" ? nil : (path, .now) }
    if path == Machine.environment(plantedCrash) { fatalError("planted by \(plantedCrash)") }
  }

  /// No input has a time any more: what follows has limits of its own.
  public static func endInput() { state.withLock { $0.input = nil } }

  private static func look() -> Never {
    let resident = ResidentSet()
    while true {
      let bytes = Double(resident.roughPrivateBytes())
      let now = state.withLock { $0 }
      if now.tellsOfSignals, let stop = FatalSignals.stop {
        tell(now, "a fault of this program ends the process with \(stop.name)")
        tellOfSignals(false)
        FatalSignals.release()
      }
      let limit = Double(max(now.memoryBytes, leastMemoryBytes)) * margin
      if bytes > limit {
        end(
          now,
          "\(UInt64(bytes)) bytes of memory are in use, beyond the limit of"
            + " \(now.memoryBytes) (--memory-limit)")
      }
      if let input = now.input, input.begin.duration(to: .now) / .seconds(1) > now.seconds * margin
      {
        end(now, "takes longer than \(now.seconds) s (--timeout)")
      }
      // Memory comes at some gigabytes in a second at most.
      Machine.sleep(seconds: min(max((limit - bytes) / 8e9, 0.001), 0.05))
    }
  }

  private static func end(_ state: State, _ message: String) -> Never {
    tell(state, message)
    _exit(state.code)
  }

  private static func tell(_ state: State, _ message: String) {
    let text = "poolfuzz: \(state.input.map { $0.name + ": " } ?? "")\(message)"
    try? StandardDescriptor.error.write(Array((PrintableText.escaped(text) + "\n").utf8))
  }
}
