#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Other processes, and copies of this one.
///
/// They belong to runs whose process is expected to be ended by what it tries; their calls are not
/// among those that can be made to fail (see ``PlannedFault``).
public enum Processes {
  /// How a process ended.
  public enum Ending: Sendable, Hashable {
    /// By itself, with a code.
    case exited(Int32)
    /// By a signal.
    case signalled(Int32)

    /// The parts of a wait status, as `WIFSIGNALED` and its like take it apart.
    public init(status: Int32) {
      let signal = status & 0x7F
      self = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
    }
  }

  /// Starts a program. `environment` replaces or adds variables; `descriptors` are given to it under
  /// other numbers, and its standard input is empty. It has a process group of its own: what a person
  /// types at the terminal is for this process, which ends the other. Returns its number.
  public static func start(
    _ executable: String, _ words: [String], environment changes: [String: String],
    descriptors: [(own: Int32, itsOwn: Int32)]
  ) throws(SystemError) -> Int32 {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    // Above all that is wanted first, so that no wanted number is overwritten before it is used.
    let high: Int32 = 200
    for (index, pair) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, pair.own, high + Int32(index))
    }
    for (index, pair) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, high + Int32(index), pair.itsOwn)
      posix_spawn_file_actions_addclose(&actions, high + Int32(index))
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    let kept = Machine.environment.filter { line in
      !changes.keys.contains { line.hasPrefix($0 + "=") }
    }
    let added = changes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    var arguments = ([executable] + words).map { strdup($0) } + [nil]
    var environment = (kept + added).map { strdup($0) } + [nil]
    defer { for word in arguments + environment { free(word) } }
    var number: pid_t = 0
    let failure = posix_spawn(
      &number, executable, &actions, &attributes, &arguments, &environment)
    guard failure == 0 else { throw SystemError(path: executable, number: failure) }
    return number
  }

  /// Ends a process that cannot object.
  public static func kill(_ number: Int32) {
    if number > 0 { systemKill(number) }
  }

  /// Waits for the end of a process that this one started; returns its wait status.
  @discardableResult
  public static func wait(for number: Int32) -> Int32 {
    var status: Int32 = 0
    while waitpid(number, &status, 0) < 0, errno == EINTR {}
    return status
  }

  private typealias Fork = @convention(c) () -> Int32

  /// Makes a copy of this process, which must have one thread: 0 in the copy, its number here, nil
  /// where that fails.
  public static func fork() -> Int32? {
    // The overlay of Swift hides `fork`, for good reasons that do not apply to one thread.
    guard let symbol = dlsym(nil, "fork") else { return nil }
    let number = unsafeBitCast(symbol, to: Fork.self)()
    return number < 0 ? nil : number
  }

  /// Ends this process at once, without what others have registered for its end.
  public static func endNow(_ code: Int32) -> Never { _exit(code) }

  /// What ``endWhenUnread(_:everySeconds:)`` looks at, and how often: a handler of signals has nothing else.
  private nonisolated(unsafe) static var watched = PipeEnd(descriptor: -1)
  private nonisolated(unsafe) static var period: UInt32 = 0

  /// From now on looks every so many seconds whether anybody could still read from a pipe, and ends this
  /// process where nobody could: whatever it does, it does not outlive those whom it works for.
  public static func endWhenUnread(_ pipe: PipeEnd, everySeconds seconds: UInt32) {
    (watched, period) = (pipe, seconds)
    signal(SIGALRM) { _ in
      if Processes.watched.isClosed { _exit(0) }
      alarm(Processes.period)
    }
    alarm(seconds)
  }

  /// Forgets the last error, so that ``hasRunOutOfMemory`` is about what follows.
  public static func clearLastError() { errno = 0 }

  /// Whether the last call that failed had not the memory.
  public static var hasRunOutOfMemory: Bool { errno == ENOMEM }

  /// For this process: no core files, no files longer than so many bytes, and an address space of at
  /// most so many bytes where that is not 0.
  public static func limit(fileBytes: UInt64, addressSpaceBytes: UInt64) {
    #if canImport(Darwin)
      typealias Resource = Int32
    #else
      typealias Resource = __rlimit_resource
    #endif
    func set(_ resource: Resource, _ bytes: UInt64) {
      var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
      #if canImport(Glibc)
        setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
      #else
        setrlimit(resource, &limit)
      #endif
    }
    set(RLIMIT_CORE, 0)
    set(RLIMIT_FSIZE, fileBytes)
    // What is ignored elsewhere, so that it becomes an error of the write, ends such a process.
    signal(SIGXFSZ, SIG_DFL)
    if addressSpaceBytes > 0 { set(RLIMIT_AS, addressSpaceBytes) }
  }

  /// The name of a signal, as the manual writes it; its number where it has none here.
  public static func signalName(_ number: Int32) -> String { signalNames[number] ?? "\(number)" }

  private static let signalNames: [Int32: String] = [
    SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS", SIGABRT: "SIGABRT", SIGILL: "SIGILL", SIGFPE: "SIGFPE",
    SIGTRAP: "SIGTRAP", SIGALRM: "SIGALRM", SIGXFSZ: "SIGXFSZ", SIGKILL: "SIGKILL",
    SIGSYS: "SIGSYS",
  ]
}

/// The system's `kill`, which a function of the same name would hide.
private func systemKill(_ number: Int32) { kill(number, SIGKILL) }

/// One end of a pipe to another process.
public struct PipeEnd: Sendable {
  /// The system's descriptor.
  public let descriptor: Int32

  /// A descriptor that this process was started with.
  public init(descriptor: Int32) { self.descriptor = descriptor }

  /// A pipe whose ends no other child inherits.
  public static func pair() throws(SystemError) -> (reads: PipeEnd, writes: PipeEnd) {
    var pair: [Int32] = [-1, -1]
    guard pipe(&pair) == 0 else { throw .last("a pipe") }
    for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    return (PipeEnd(descriptor: pair[0]), PipeEnd(descriptor: pair[1]))
  }

  /// Closes it.
  public func close() { closeDescriptor(descriptor) }

  /// Writes a word of one byte, with a number of four behind it where there is one; false where nobody
  /// reads. It asks nobody for memory, and so may be called when that is damaged.
  @discardableResult
  public func write(_ word: UInt8, _ number: Int32? = nil) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 5, alignment: 4) { bytes in
      bytes[0] = word
      let bits = UInt32(bitPattern: number ?? 0)
      for index in 0..<4 {
        bytes[index + 1] = UInt8(truncatingIfNeeded: bits >> (8 * UInt32(index)))
      }
      let count = number == nil ? 1 : 5
      return writeDescriptor(descriptor, bytes.baseAddress, count) == count
    }
  }

  /// Reads a word; nil where the other end has closed. It asks nobody for memory.
  public func readWord() -> UInt8? {
    withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { bytes in
      readAll(bytes) ? bytes[0] : nil
    }
  }

  /// Reads a number of four bytes; nil where the other end closes before. It asks nobody for memory.
  public func readNumber() -> Int32? {
    withUnsafeTemporaryAllocation(byteCount: 4, alignment: 4) { bytes in
      guard readAll(bytes) else { return nil }
      return Int32(bitPattern: UInt32(littleEndian: bytes.load(as: UInt32.self)))
    }
  }

  private func readAll(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count {
      let got = readDescriptor(
        descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      if got > 0 { done += got } else if got == 0 || errno != EINTR { return false }
    }
    return true
  }

  /// Waits until something can be read; false when the time is over.
  public func waits(seconds: Double) -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + .milliseconds(Int(min(max(seconds, 0), 1e9) * 1000))
    while true {
      let (left, attoseconds) = (deadline - clock.now).components
      let milliseconds = max(0, left * 1000 + attoseconds / 1_000_000_000_000_000)
      var query = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&query, 1, Int32(clamping: milliseconds))
      if ready > 0 { return true }
      if ready == 0 || errno != EINTR { return false }
    }
  }

  /// Whether the other end has gone.
  public var isClosed: Bool {
    var query = pollfd(fd: descriptor, events: 0, revents: 0)
    return poll(&query, 1, 0) > 0 && Int32(query.revents) & (POLLHUP | POLLERR) != 0
  }
}

// The system's calls, which methods of the same names would hide.
private func closeDescriptor(_ descriptor: Int32) { close(descriptor) }
private func writeDescriptor(_ number: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(number, bytes, count)
}
private func readDescriptor(_ number: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int
{
  read(number, bytes, count)
}

/// A file without a name, in memory where the system has a place for such: what two processes share,
/// or what one of them prints.
public struct ScratchFile: Sendable {
  /// The system's descriptor.
  public let descriptor: Int32

  /// An empty file of so many bytes.
  public init(byteCount: Int) throws(SystemError) {
    for folder in ["/dev/shm", "/tmp", "."] {
      var path = Array("\(folder)/poolfuzz-XXXXXX".utf8CString)
      let descriptor = mkstemp(&path)
      guard descriptor >= 0 else { continue }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      unlink(path)
      // Room for all of it: with a hole, a file system that fills up would end whoever touches it.
      if byteCount == 0 || Self.reserve(descriptor, byteCount) {
        self.descriptor = descriptor
        return
      }
      closeDescriptor(descriptor)
    }
    throw .last("a file in memory")
  }

  private static func reserve(_ descriptor: Int32, _ byteCount: Int) -> Bool {
    #if canImport(Darwin)
      ftruncate(descriptor, off_t(byteCount)) == 0
    #else
      posix_fallocate(descriptor, 0, off_t(byteCount)) == 0
    #endif
  }

  /// Closes it.
  public func close() { closeDescriptor(descriptor) }

  /// What was written since the last time, at most so many bytes of it.
  public func take(most: Int = 4096) -> [UInt8] {
    let end = Self.writtenBytes(of: descriptor)
    guard end > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: min(end, most))
    let count = max(pread(descriptor, &bytes, bytes.count, 0), 0)
    ftruncate(descriptor, 0)
    lseek(descriptor, 0, SEEK_SET)
    return Array(bytes.prefix(count))
  }

  /// Bytes that whoever holds such a file under a descriptor has written since the last time.
  public static func writtenBytes(of descriptor: Int32) -> Int {
    max(Int(lseek(descriptor, 0, SEEK_CUR)), 0)
  }
}

/// A shared library, loaded for its functions alone.
public struct LoadedLibrary: @unchecked Sendable {
  // The system's handle, which is never closed and may be used from any thread.
  private let handle: UnsafeMutableRawPointer

  /// Why a library cannot be loaded.
  public struct Failure: Error, Sendable {
    /// In the loader's words.
    public let message: String
  }

  /// Loads a library; its names stay its own.
  public static func load(_ path: String) throws(Failure) -> LoadedLibrary {
    guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw Failure(message: dlerror().map { String(cString: $0) } ?? "\(path) cannot be loaded")
    }
    return LoadedLibrary(handle: handle)
  }

  /// A function or a variable of the library, or of those that it was linked with; nil where there is
  /// none of that name.
  public func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(handle, name) }

  private typealias Lookup =
    @convention(c) (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Int32

  /// Whether a function lies in this library itself.
  public func isOwner(of function: UnsafeMutableRawPointer) -> Bool {
    // `dladdr` is an extension that the overlay does not show; its answer begins with the library's
    // path.
    guard let symbol = dlsym(nil, "dladdr") else { return false }
    let lookup = unsafeBitCast(symbol, to: Lookup.self)
    let owner = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) {
      place -> UnsafeMutableRawPointer? in
      guard let base = place.baseAddress, lookup(function, base) != 0,
        let name = place.load(as: UnsafePointer<CChar>?.self)
      else { return nil }
      return dlopen(name, RTLD_NOW | RTLD_NOLOAD)
    }
    return owner == handle
  }
}
