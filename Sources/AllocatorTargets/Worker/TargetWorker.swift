import Glibc

/// The executable as a worker: loads the library, then keeps one child that runs traces, and starts
/// another whenever it dies.
///
/// The division of labour. The *keeper* loads the library and never calls it; so it stays whole. Its
/// child, the *runner*, is a copy of it (`fork`), runs traces until the allocator ends it, and costs a
/// fraction of a millisecond to replace. Both speak with the parent over two pipes, a byte a word:
///
/// | from   | to     | bytes               | meaning                                  |
/// |--------|--------|---------------------|------------------------------------------|
/// | keeper | parent | `H`                 | the library is loaded                     |
/// | keeper | parent | `E`                 | it is not; the reason is the message      |
/// | keeper | parent | `F` and four bytes  | a runner of that process number is ready  |
/// | parent | runner | `R`                 | run the trace in the shared area          |
/// | runner | parent | `D`                 | it was run                                |
/// | keeper | parent | `X` and four bytes  | the runner has died with that wait status |
///
/// A closed pipe ends both. An alarm clock of the runner's own ends it should the parent be gone.
public enum TargetWorker {
  /// The word behind the program's name that makes it a worker.
  public static let word = "target-worker"

  /// Descriptors that the parent leaves open.
  static let areaDescriptor: Int32 = 3
  static let commandDescriptor: Int32 = 4
  static let responseDescriptor: Int32 = 5

  /// Runs as a worker: LIBRARY CAPACITY OPTION SECONDS ADDRESS-SPACE. Returns the exit code.
  public static func main(_ words: [String]) -> Int32 {
    guard words.count == 5, let capacity = Int(words[1]), let seconds = UInt32(words[3]),
      let spaceLimit = UInt64(words[4]),
      let area = SharedArea(descriptor: areaDescriptor, capacity: capacity)
    else { return 2 }
    signal(SIGPIPE, SIG_IGN)
    let library: TargetLibrary
    do throws(TargetLibrary.Failure) {
      library = try TargetLibrary.load(words[0])
    } catch {
      say(error.message, area)
      send(0x45)
      return 4
    }
    send(0x48)
    guard let option = strdup(words[2]) else { return 4 }
    return keep(Runner(library: library, area: area, option: option, seconds: seconds, spaceLimit))
  }

  /// What a runner needs.
  private struct Runner {
    let library: TargetLibrary
    let area: SharedArea
    let option: UnsafeMutablePointer<CChar>
    let seconds: UInt32
    let spaceLimit: UInt64

    init(
      library: TargetLibrary, area: SharedArea, option: UnsafeMutablePointer<CChar>,
      seconds: UInt32, _ spaceLimit: UInt64
    ) {
      self.library = library
      self.area = area
      self.option = option
      self.seconds = seconds
      self.spaceLimit = spaceLimit
    }
  }

  // MARK: The keeper

  private typealias Fork = @convention(c) () -> Int32

  private static func keep(_ runner: Runner) -> Int32 {
    // The overlay of Swift hides `fork`, for good reasons that do not apply to one thread.
    guard let symbol = dlsym(nil, "fork") else { return 4 }
    let fork = unsafeBitCast(symbol, to: Fork.self)
    while true {
      let child = fork()
      if child < 0 { return 4 }
      if child == 0 { run(runner) }
      send(0x46, Int32(child))
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      if isClosed() { return 0 }
      send(0x58, status)
    }
  }

  /// Whether the parent has gone.
  private static func isClosed() -> Bool {
    var query = pollfd(fd: commandDescriptor, events: 0, revents: 0)
    return poll(&query, 1, 0) > 0 && Int32(query.revents) & (POLLHUP | POLLERR) != 0
  }

  private static func send(_ word: UInt8, _ number: Int32? = nil) {
    var bytes: (UInt8, UInt8, UInt8, UInt8, UInt8) = (word, 0, 0, 0, 0)
    if let number {
      let bits = UInt32(bitPattern: number)
      bytes.1 = UInt8(truncatingIfNeeded: bits)
      bytes.2 = UInt8(truncatingIfNeeded: bits >> 8)
      bytes.3 = UInt8(truncatingIfNeeded: bits >> 16)
      bytes.4 = UInt8(truncatingIfNeeded: bits >> 24)
    }
    _ = write(responseDescriptor, &bytes, number == nil ? 1 : 5)
  }

  private static func say(_ message: String, _ area: SharedArea) {
    let bytes = Array(message.utf8.prefix(SharedArea.messageBytes - 1)) + [0]
    for (index, byte) in bytes.enumerated() { area.message[index] = CChar(bitPattern: byte) }
  }

  // MARK: The runner

  private static func run(_ runner: Runner) -> Never {
    limit(runner)
    guard
      var executor = TraceExecutor(
        runner.library, runner.area, option: UnsafePointer(runner.option))
    else { _exit(4) }
    var command: UInt8 = 0
    while read(commandDescriptor, &command, 1) == 1 {
      alarm(runner.seconds)
      executor.run()
      alarm(0)
      send(0x44)
    }
    _exit(0)
  }

  /// No core files, no endless files, and an end to the address space.
  private static func limit(_ runner: Runner) {
    func set(_ resource: __rlimit_resource, _ bytes: UInt64) {
      var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
      setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    }
    set(RLIMIT_CORE, 0)
    set(RLIMIT_FSIZE, 1 << 24)
    if runner.spaceLimit > 0 { set(RLIMIT_AS, runner.spaceLimit) }
  }
}
