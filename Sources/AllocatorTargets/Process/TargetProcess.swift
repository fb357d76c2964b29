import Glibc

/// A worker process with an allocator in it, from outside: hand it traces, get what became of them.
///
/// It is started by executing this very program again. Whatever the allocator does ends at most a
/// runner within it (see `TargetWorker`); a runner that is late is killed by its number.
final class TargetProcess {
  let settings: TargetSettings
  private let area: SharedArea
  private let areaFile: Int32
  private let captured: (output: Int32, errors: Int32)
  private var process: pid_t = 0
  private var runner: pid_t = 0
  private var command: Int32 = -1
  private var response: Int32 = -1
  /// Runners started so far.
  private(set) var runnerCount = 0

  /// Starts a worker; `executable` is the program that is a worker when asked to be one.
  init(_ settings: TargetSettings, executable: String) throws(TargetError) {
    self.settings = settings
    let bytes = SharedArea.byteCount(capacity: settings.operationLimit)
    areaFile = ScratchFile.open(byteCount: bytes)
    captured = (ScratchFile.open(byteCount: 0), ScratchFile.open(byteCount: 0))
    guard areaFile >= 0, captured.output >= 0, captured.errors >= 0,
      let area = SharedArea(descriptor: areaFile, capacity: settings.operationLimit)
    else {
      throw TargetError(message: "no room for a worker's shared memory: \(Self.systemError)")
    }
    self.area = area
    try start(executable)
  }

  deinit {
    close(command)
    close(response)
    if process > 0 {
      if runner > 0 { kill(runner, SIGKILL) }
      kill(process, SIGKILL)
      var status: Int32 = 0
      while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
    area.unmap()
    close(areaFile)
    close(captured.output)
    close(captured.errors)
  }

  private static var systemError: String { String(cString: strerror(errno)) }

  // MARK: Starting

  private func start(_ executable: String) throws(TargetError) {
    var commands: (Int32, Int32) = (-1, -1)
    var responses: (Int32, Int32) = (-1, -1)
    guard Self.makePipe(&commands), Self.makePipe(&responses) else {
      throw TargetError(message: "no pipe to a worker: \(Self.systemError)")
    }
    command = commands.1
    response = responses.0
    let failure = spawn(executable, reads: commands.0, writes: responses.1)
    close(commands.0)
    close(responses.1)
    guard failure == 0 else {
      throw TargetError(message: "\(executable): \(String(cString: strerror(failure)))")
    }
    switch next(seconds: 30) {
    case .word(0x48): break
    case .word(0x45): throw TargetError(message: area.messageText)
    default:
      throw TargetError(message: "\(settings.library): loading it ended or stopped the worker")
    }
    try awaitRunner()
  }

  /// Two ends that no other child inherits.
  private static func makePipe(_ ends: inout (Int32, Int32)) -> Bool {
    var pair: [Int32] = [-1, -1]
    guard pipe(&pair) == 0 else { return false }
    for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    ends = (pair[0], pair[1])
    return true
  }

  private func spawn(_ executable: String, reads: Int32, writes: Int32) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Above all that is wanted first, so that no wanted number is overwritten before it is used.
    let sources = [areaFile, reads, writes, captured.output, captured.errors]
    let high: Int32 = 200
    for (index, source) in sources.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, source, high + Int32(index))
    }
    let targets = [
      TargetWorker.areaDescriptor, TargetWorker.commandDescriptor,
      TargetWorker.responseDescriptor, 1, 2,
    ]
    for (index, target) in targets.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, high + Int32(index), target)
      posix_spawn_file_actions_addclose(&actions, high + Int32(index))
    }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    let seconds = Int(settings.timeoutSeconds.rounded(.up)) + 5
    let words = [
      executable, TargetWorker.word, settings.library, "\(settings.operationLimit)",
      settings.option, "\(seconds)", "\(settings.addressSpaceBytes)",
    ]
    var arguments = words.map { strdup($0) } + [nil]
    var environment = Self.environment.map { strdup($0) } + [nil]
    defer {
      for word in arguments + environment { free(word) }
    }
    return posix_spawn(&process, executable, &actions, nil, &arguments, &environment)
  }

  /// The parent's, with room for libraries that keep much in thread-local storage, and without
  /// Swift's own crash handler, which would wait for a debugger.
  private static var environment: [String] {
    var lines: [String] = []
    var place = environ
    while let line = place.pointee {
      let text = String(cString: line)
      let isOurs = text.hasPrefix("GLIBC_TUNABLES=") || text.hasPrefix("SWIFT_BACKTRACE=")
      if !isOurs { lines.append(text) }
      place += 1
    }
    return lines + [
      "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=65536", "SWIFT_BACKTRACE=enable=no",
    ]
  }

  private func awaitRunner() throws(TargetError) {
    guard case .numbered(0x46, let number) = next(seconds: 30) else {
      throw TargetError(message: "\(settings.library): the worker is gone")
    }
    runner = number
    runnerCount += 1
  }

  // MARK: Running

  /// Runs a trace; the runner stays unless the trace ended it.
  func run(
    _ operations: [TargetOperation], rounds: Int = 1, arenaBytes: UInt64,
    flags: SharedArea.Flag = [.probe], timeoutSeconds: Double
  ) throws(TargetError) -> TargetRun {
    let count = min(operations.count, settings.operationLimit)
    for index in 0..<count { area.setOperation(operations[index], index) }
    for word in 0..<SharedArea.headerWords { area.words[word] = 0 }
    area[.operationCount] = UInt64(count)
    area[.roundCount] = UInt64(min(max(rounds, 1), SharedArea.mostRounds))
    area[.arenaBytes] = arenaBytes
    area[.flags] = flags.rawValue
    area[.memoryLimit] = settings.memoryLimitBytes
    var go: UInt8 = 0x52
    guard write(command, &go, 1) == 1 else {
      throw TargetError(message: "\(settings.library): the worker is gone")
    }
    switch next(seconds: timeoutSeconds) {
    case .word(0x44): return taken(ending(), count, rounds)
    case .numbered(0x58, let status):
      let run = taken(Self.ending(status: status), count, rounds)
      try awaitRunner()
      return run
    case .late:
      kill(runner, SIGKILL)
      // Its last word may have come in between; the keeper's comes for certain.
      while true {
        switch next(seconds: 30) {
        case .word(0x44): continue
        case .numbered(0x58, _):
          let run = taken(.hung, count, rounds)
          try awaitRunner()
          return run
        default: throw TargetError(message: "\(settings.library): the worker cannot be stopped")
        }
      }
    default: throw TargetError(message: "\(settings.library): the worker is gone")
    }
  }

  /// A fresh runner for the next trace: this one's memory is no longer to be trusted.
  func replaceRunner() throws(TargetError) {
    kill(runner, SIGKILL)
    guard case .numbered(0x58, _) = next(seconds: 30) else {
      throw TargetError(message: "\(settings.library): the worker is gone")
    }
    try awaitRunner()
  }

  private func ending() -> TargetRun.Ending {
    guard let problem = TargetProblem(rawValue: area[.problem]) else { return .finished }
    return .problem(problem, detail: area[.detail], message: area.messageText)
  }

  /// The parts of a wait status, as `WIFSIGNALED` and its like take it apart.
  private static func ending(status: Int32) -> TargetRun.Ending {
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
  }

  private func taken(_ ending: TargetRun.Ending, _ count: Int, _ rounds: Int) -> TargetRun {
    let phase = SharedArea.Phase(rawValue: area[.phase]) ?? .idle
    let progress = Int(clamping: area[.progress])
    return TargetRun(
      ending: ending, phase: phase,
      step: phase == .operations ? min(progress, count) : count,
      results: (0..<count).map { area.result($0) },
      freshFootprint: area[.freshFootprint],
      footprints: (0..<min(max(rounds, 1), SharedArea.mostRounds)).map {
        area.footprint(round: $0)
      }, reportsFootprint: area[.reportsFootprint] != 0, probeBytes: area[.probeBytes],
      probeServed: area[.probeServed] != 0, naturalAlignment: area[.naturalAlignment],
      output: ScratchFile.take(captured.output), errors: ScratchFile.take(captured.errors))
  }

  // MARK: Words of the worker

  private enum Word {
    case word(UInt8)
    case numbered(UInt8, Int32)
    case late
    case closed
  }

  private func next(seconds: Double) -> Word {
    guard wait(seconds) else { return .late }
    var word: UInt8 = 0
    guard readAll(&word, 1) else { return .closed }
    guard word == 0x46 || word == 0x58 else { return .word(word) }
    var number: UInt32 = 0
    guard readAll(&number, 4) else { return .closed }
    return .numbered(word, Int32(bitPattern: UInt32(littleEndian: number)))
  }

  /// Waits for the worker to say something; false when it is late.
  private func wait(_ seconds: Double) -> Bool {
    let clock = ContinuousClock()
    let deadline = clock.now + .milliseconds(Int(seconds * 1000))
    while true {
      let (left, attoseconds) = (deadline - clock.now).components
      let milliseconds = max(0, left * 1000 + attoseconds / 1_000_000_000_000_000)
      var query = pollfd(fd: response, events: Int16(POLLIN), revents: 0)
      let ready = poll(&query, 1, Int32(clamping: milliseconds))
      if ready > 0 { return true }
      if ready == 0 { return false }
      if errno != EINTR { return false }
    }
  }

  private func readAll(_ buffer: UnsafeMutableRawPointer, _ count: Int) -> Bool {
    var done = 0
    while done < count {
      let got = read(response, buffer + done, count - done)
      if got > 0 { done += got } else if got == 0 || errno != EINTR { return false }
    }
    return true
  }
}

/// Files without a name, in memory where the system has a place for such.
enum ScratchFile {
  /// A descriptor of an empty file of so many bytes; negative where that fails.
  static func open(byteCount: Int) -> Int32 {
    for folder in ["/dev/shm", "/tmp", "."] {
      var path = Array("\(folder)/poolfuzz-XXXXXX".utf8CString)
      let descriptor = mkstemp(&path)
      guard descriptor >= 0 else { continue }
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      unlink(path)
      // Room for all of it: with a hole, a file system that fills up would end whoever touches it.
      if byteCount == 0 || posix_fallocate(descriptor, 0, off_t(byteCount)) == 0 {
        return descriptor
      }
      close(descriptor)
    }
    return -1
  }

  /// What was written since the last time, at most 4 KiB of it.
  static func take(_ descriptor: Int32) -> String {
    let end = lseek(descriptor, 0, SEEK_CUR)
    guard end > 0 else { return "" }
    var bytes = [UInt8](repeating: 0, count: min(Int(end), 4096))
    let count = max(pread(descriptor, &bytes, bytes.count, 0), 0)
    ftruncate(descriptor, 0)
    lseek(descriptor, 0, SEEK_SET)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
