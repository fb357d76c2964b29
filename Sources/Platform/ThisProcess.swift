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

  /// Leaves an interrupt pending for the process that this one becomes.
  static func handOver() {
    guard isRequested else { return }
    change(SIG_BLOCK)
    raise(signalNumber)
  }

  /// Blocks the signals on this thread, or lets them through.
  private static func change(_ how: Int32) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in signals { sigaddset(&set, number) }
    pthread_sigmask(how, &set, nil)
  }

  /// Starts to listen.
  public static func install() {
    for number in signals {
      signal(number) { number in
        if Interruption.requested.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
    }
    // Whoever started this process may have left them blocked.
    change(SIG_UNBLOCK)
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

  /// The variable of the environment with the descriptor that hands a text to the process that begins anew.
  private static let handedVariable = "POOLFUZZ_HANDED"
  private static let handedName = "a file for the process that goes on"

  /// Becomes the same program anew, with these words; whatever its threads do ends. What is handed over
  /// is there as ``handedText()``, without a name on any disk, and so is an interrupt once it listens.
  /// Throws where the system refuses.
  public static func beginAnew(
    _ words: [String], handing text: String? = nil
  ) throws(SystemError) -> Never {
    guard let path = Machine.executablePath() else { throw .absence(of: "this program") }
    var lines = Machine.environment.filter { !$0.hasPrefix(handedVariable + "=") }
    if let text {
      let descriptor = try Files.openWithoutName(handedName)
      try Files.writeAll(Array(text.utf8)[...], to: descriptor, handedName)
      _ = fcntl(descriptor, F_SETFD, 0)
      lines.append("\(handedVariable)=\(descriptor)")
    }
    let arguments = ([CommandLine.arguments.first ?? path] + words).map { strdup($0) } + [nil]
    let environment = lines.map { strdup($0) } + [nil]
    AtomicFile.removeUnfinished()
    Interruption.handOver()
    execve(path, arguments, environment)
    let failure = SystemError.last(path)
    for line in arguments + environment { free(line) }
    throw failure
  }

  /// Runs the same program beside this one with these words, hands it a text as ``beginAnew(_:handing:)``
  /// does, and waits for its end. What it prints is for nobody.
  public static func runBeside(
    _ words: [String], handing text: String
  ) throws(SystemError) -> Processes.Ending {
    guard let path = Machine.executablePath() else { throw .absence(of: "this program") }
    let handed = try Files.openWithoutName(handedName)
    defer { close(handed) }
    try Files.writeAll(Array(text.utf8)[...], to: handed, handedName)
    let nobody = try SystemCall.run("/dev/null") { open("/dev/null", O_WRONLY | O_CLOEXEC) }
    defer { close(nobody) }
    let process = try Processes.start(
      path, words, environment: [handedVariable: "3", "SWIFT_BACKTRACE": "enable=no"],
      descriptors: [(handed, 3), (nobody, 1), (nobody, 2)])
    return Processes.Ending(status: Processes.wait(for: process))
  }

  /// What the process that this one was before handed over; nil where it was another program's. Each
  /// text is there once.
  public static func handedText() throws(SystemError) -> [UInt8]? {
    guard let descriptor = Machine.environment(handedVariable).flatMap({ Int32($0) }),
      descriptor > 2
    else { return nil }
    unsetenv(handedVariable)
    return try OpenedFile(descriptor: descriptor, name: handedName).contents()
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
