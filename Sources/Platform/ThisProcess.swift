#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// A request to stop: the first interrupt ends a run after saving, the second at once.
public enum Interruption {
  private static let requested = Atomic<Int32>(0)

  /// Whether an interrupt or a termination was asked for.
  public static var isRequested: Bool { requested.load(ordering: .relaxed) != 0 }

  /// The signal that asked for it; SIGINT where none has.
  public static var signalNumber: Int32 {
    let number = requested.load(ordering: .relaxed)
    return number == 0 ? SIGINT : number
  }

  /// The signals that ask for it.
  private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// Starts to listen.
  public static func install() {
    // Whoever started this process may have left them blocked.
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
    for number in signals {
      signal(number) { number in
        if Interruption.requested.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
  }
}

/// Where a program begins and ends.
public enum ProcessStart {
  /// Signals that stand for a failed write become errors of the write, and standard descriptors that
  /// were closed are opened on nothing: otherwise the next file that is opened gets the number of
  /// standard output, and what is printed lands in it.
  public static func prepare() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // The lowest free number is this one.
      _ = open("/dev/null", O_RDWR)
    }
    // A fault that nobody plans would make a test of faults pass.
    if let text = Machine.environment(PlannedFault.variable), text != "count",
      PlannedFault(text) == nil
    {
      try? StandardDescriptor.error.write(
        Array("\(PlannedFault.variable): '\(PrintableText.escaped(text))' is no fault\n".utf8))
      exit(2)
    }
  }

  /// Becomes the same program anew, with these words; whatever its threads do ends. Returns where the
  /// system refuses.
  public static func beginAnew(_ words: [String]) {
    guard let path = Machine.executablePath() else { return }
    var arguments = ([CommandLine.arguments.first ?? path] + words).map { strdup($0) } + [nil]
    execv(path, &arguments)
    for argument in arguments { free(argument) }
  }

  /// Ends the process with a code.
  public static func end(_ code: Int32) -> Never {
    if PlannedFault.isCounting {
      // Beside the plan, which must not count its own call.
      let line = Array("poolfuzz: \(SystemCall.made) calls\n".utf8)
      _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
    exit(code)
  }
}

/// A standard descriptor.
public enum StandardDescriptor: Int32, Sendable {
  /// Standard output.
  case output = 1
  /// Standard error.
  case error = 2

  /// Whether a person sees it.
  public var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Whether a person sees it who has not asked for text without colours (`NO_COLOR`).
  public var takesColours: Bool { isTerminal && Machine.environment("NO_COLOR") == nil }

  /// Writes every byte.
  public func write(_ bytes: [UInt8]) throws(SystemError) {
    try Files.writeAll(
      bytes[...], to: rawValue, self == .output ? "standard output" : "standard error")
  }
}
