#if canImport(Glibc)
  import Glibc
#endif
import Synchronization

/// Signals that end a process for a fault of its own, and what can be done before they do.
///
/// Glibc only: elsewhere the process ends at once.
public enum FatalSignals {
  /// A thread that stands where it met one.
  public struct Stop: Sendable, Hashable {
    /// The number that ``FatalSignals/enterThread()`` gave it.
    public let thread: UInt64
    /// The signal's name, as the manual writes it.
    public let name: String
  }

  /// Seconds that a thread stands: who writes down what it did may need what it holds.
  private static let mostSeconds = 10
  private static let thread = Atomic<UInt64>(0)
  private static let signalNumber = Atomic<Int32>(0)
  private static let isReleased = Atomic<Bool>(true)

  /// A thread that meets one stands still from now on, so that another can write down what it did. The
  /// process ends once ``release()`` is called, or ten seconds later.
  public static func hold() {
    #if canImport(Glibc)
      isReleased.store(false, ordering: .sequentiallyConsistent)
      _ = enterThread()
      take { number, info, _ in FatalSignals.stand(number, info) }
    #endif
  }

  /// The first thread that met one; nil where none has.
  public static var stop: Stop? {
    let thread = thread.load(ordering: .sequentiallyConsistent)
    let number = signalNumber.load(ordering: .sequentiallyConsistent)
    guard thread != 0, number != 0 else { return nil }
    return Stop(thread: thread, name: Processes.signalName(number))
  }

  /// Lets the signals end the process again.
  public static func release() { isReleased.store(true, ordering: .sequentiallyConsistent) }

  #if canImport(Glibc)
    private static let stackBytes = 1 << 16
    /// What each thread handles signals on, given back when the thread ends.
    private static let stack: pthread_key_t = {
      var key = pthread_key_t()
      pthread_key_create(&key) { base in
        guard let base else { return }
        var none = stack_t()
        none.ss_flags = Int32(SS_DISABLE)
        sigaltstack(&none, nil)
        HostMemory.release(base, stackBytes)
      }
      return key
    }()
  #endif

  /// The number of the calling thread, never 0. It is given a stack for signals, so that it can also be
  /// stopped where it has run out of its own.
  public static func enterThread() -> UInt64 {
    #if canImport(Glibc)
      if pthread_getspecific(stack) == nil, let base = HostMemory.reserve(stackBytes) {
        pthread_setspecific(stack, base)
        var alternate = stack_t()
        alternate.ss_sp = base
        alternate.ss_size = stackBytes
        sigaltstack(&alternate, nil)
      }
      return UInt64(pthread_self())
    #else
      return 1
    #endif
  }

  #if canImport(Glibc)
    typealias Handler =
      @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void

    /// Has all of them handled, on the stack of ``enterThread()``.
    static func take(_ handler: @escaping Handler) {
      for number in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP] {
        var action = sigaction()
        action.__sigaction_handler.sa_sigaction = handler
        action.sa_flags = SA_SIGINFO | SA_ONSTACK
        sigaction(number, &action, nil)
      }
    }

    private static func stand(_ number: Int32, _ info: UnsafeMutablePointer<siginfo_t>?) {
      // What somebody else sends is no fault of what this thread does.
      if info?.pointee.si_code != Int32(SI_USER) {
        let (isFirst, _) = thread.compareExchange(
          expected: 0, desired: UInt64(pthread_self()), ordering: .sequentiallyConsistent)
        if isFirst { signalNumber.store(number, ordering: .sequentiallyConsistent) }
        for _ in 0..<mostSeconds * 100 {
          if isReleased.load(ordering: .sequentiallyConsistent) { break }
          usleep(10_000)
        }
      }
      // It comes again as soon as this here returns, and ends the process.
      signal(number, SIG_DFL)
      raise(number)
    }
  #endif
}
