import Platform

/// A worker process with an allocator in it, from outside: hand it traces, get what became of them.
///
/// It is started by executing this very program again. Whatever the allocator does ends at most a
/// runner within it (see `TargetWorker`); a runner that is late is killed by its number.
final class TargetProcess {
  let settings: TargetSettings
  private let area: SharedArea
  private let areaFile: ScratchFile
  private let captured: (output: ScratchFile, errors: ScratchFile)
  private let command: PipeEnd
  private let response: PipeEnd
  private var process: Int32 = 0
  private var runner: Int32 = 0
  /// Runners started so far.
  private(set) var runnerCount = 0

  /// Starts a worker; `executable` is the program that is a worker when asked to be one.
  init(_ settings: TargetSettings, executable: String) throws(TargetError) {
    self.settings = settings
    let bytes = SharedArea.byteCount(capacity: settings.operationLimit)
    let ends:
      (commands: (reads: PipeEnd, writes: PipeEnd), responses: (reads: PipeEnd, writes: PipeEnd))
    do throws(SystemError) {
      areaFile = try ScratchFile(byteCount: bytes)
      captured = (try ScratchFile(byteCount: 0), try ScratchFile(byteCount: 0))
      ends = (try PipeEnd.pair(), try PipeEnd.pair())
    } catch {
      throw TargetError(message: "no room for a worker: \(error.message)")
    }
    guard
      let area = SharedArea(
        descriptor: areaFile.descriptor, capacity: settings.operationLimit)
    else { throw TargetError(message: "no room for a worker's shared memory") }
    self.area = area
    command = ends.commands.writes
    response = ends.responses.reads
    try start(executable, reads: ends.commands.reads, writes: ends.responses.writes)
  }

  deinit {
    command.close()
    response.close()
    if process > 0 {
      Processes.kill(runner)
      Processes.kill(process)
      Processes.wait(for: process)
    }
    area.unmap()
    areaFile.close()
    captured.output.close()
    captured.errors.close()
  }

  // MARK: Starting

  private func start(
    _ executable: String, reads: PipeEnd, writes: PipeEnd
  ) throws(TargetError) {
    let seconds = Int(settings.timeoutSeconds.rounded(.up)) + 5
    do throws(SystemError) {
      process = try Processes.start(
        executable,
        [
          TargetWorker.word, settings.library, "\(settings.operationLimit)", settings.option,
          "\(seconds)", "\(settings.addressSpaceBytes)",
        ],
        // Room for libraries that keep much in thread-local storage, and not Swift's own crash
        // handler, which would wait for a debugger.
        environment: [
          "GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=65536",
          "SWIFT_BACKTRACE": "enable=no",
        ],
        descriptors: [
          (areaFile.descriptor, TargetWorker.areaDescriptor),
          (reads.descriptor, TargetWorker.commandDescriptor),
          (writes.descriptor, TargetWorker.responseDescriptor),
          (captured.output.descriptor, 1), (captured.errors.descriptor, 2),
        ])
    } catch {
      reads.close()
      writes.close()
      throw TargetError(message: error.message)
    }
    reads.close()
    writes.close()
    switch next(seconds: 30) {
    case .word(0x48): break
    case .word(0x45): throw TargetError(message: area.messageText)
    default:
      throw TargetError(message: "\(settings.library): loading it ended or stopped the worker")
    }
    try awaitRunner()
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
    guard command.write(0x52) else {
      throw TargetError(message: "\(settings.library): the worker is gone")
    }
    switch next(seconds: timeoutSeconds) {
    case .word(0x44): return taken(ending(), count, rounds)
    case .numbered(0x58, let status):
      let run = taken(Self.ending(status: status), count, rounds)
      try awaitRunner()
      return run
    case .late:
      Processes.kill(runner)
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
    Processes.kill(runner)
    guard case .numbered(0x58, _) = next(seconds: 30) else {
      throw TargetError(message: "\(settings.library): the worker is gone")
    }
    try awaitRunner()
  }

  private func ending() -> TargetRun.Ending {
    guard let problem = TargetProblem(rawValue: area[.problem]) else { return .finished }
    return .problem(problem, detail: area[.detail], message: area.messageText)
  }

  private static func ending(status: Int32) -> TargetRun.Ending {
    switch Processes.Ending(status: status) {
    case .exited(let code): .exited(code)
    case .signalled(let number): .signalled(number)
    }
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
      output: captured.output.take(), errors: captured.errors.take())
  }

  // MARK: Words of the worker

  private enum Word {
    case word(UInt8)
    case numbered(UInt8, Int32)
    case late
    case closed
  }

  private func next(seconds: Double) -> Word {
    guard response.waits(seconds: seconds) else { return .late }
    guard let word = response.readWord() else { return .closed }
    guard word == 0x46 || word == 0x58 else { return .word(word) }
    guard let number = response.readNumber() else { return .closed }
    return .numbered(word, number)
  }
}
