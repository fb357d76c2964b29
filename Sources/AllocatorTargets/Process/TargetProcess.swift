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
  /// Whether the runner has run a trace.
  private var hasRun = false
  /// What the library can do and promises.
  private(set) var capabilities = TargetCapabilities()

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
    do throws(SystemError) {
      process = try Processes.start(
        executable,
        [
          TargetWorker.word, settings.library, "\(settings.operationLimit)", settings.option,
        ],
        environment: environment,
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
    switch next(seconds: Self.patience) {
    case .word(0x48): capabilities = area.capabilities ?? capabilities
    case .word(0x45): throw TargetError(message: area.messageText)
    default:
      throw TargetError(message: "\(settings.library): loading it ended or stopped the worker")
    }
    try awaitRunner()
  }

  /// Room for libraries that keep much in thread-local storage, and not Swift's own crash handler, which
  /// would wait for a debugger; a sanitizer leaves signals and leaks to us.
  private var environment: [String: String] {
    var variables = [
      "GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=65536", "SWIFT_BACKTRACE": "enable=no",
    ]
    guard !settings.preload.isEmpty else { return variables }
    variables["LD_PRELOAD"] = settings.preload
    variables["ASAN_OPTIONS"] = "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_abort=0"
    return variables
  }

  private func awaitRunner() throws(TargetError) {
    guard case .numbered(0x46, let number) = next(seconds: Self.patience) else {
      throw TargetError(message: "\(settings.library): the worker is gone")
    }
    runner = number
    runnerCount += 1
    hasRun = false
  }

  // MARK: Running

  /// Runs a trace of at most `operationLimit` operations; the runner stays unless the trace ended it.
  /// A run hangs when nothing moves in `timeoutSeconds` of processor time, or with every thread asleep.
  /// `slotCount` is for pieces of a program: none
  /// of them names a slot that is not below it.
  func run(
    _ operations: [TargetOperation], _ setup: TargetSetup, freshBytes: UInt64 = 0,
    flags: SharedArea.Flag = [], slotCount: Int = 0, restSeconds: Double = 0,
    certainMark: Int = RoundReadings.certainMark, timeoutSeconds: Double
  ) throws(TargetError) -> TargetRun {
    guard operations.count <= settings.operationLimit else {
      throw TargetError(message: "\(settings.library): a trace of \(operations.count) operations")
    }
    hasRun = true
    write(operations, setup)
    area[.freshBytes] = freshBytes
    area[.slotCount] = UInt64(slotCount)
    area[.certainMark] = UInt64(certainMark)
    area[.restMilliseconds] = UInt64(restSeconds * 1000)
    area[.flags] = flags.rawValue
    guard command.write(0x52) else {
      throw TargetError(message: "\(settings.library): the worker is gone")
    }
    let ending = try answer(timeoutSeconds: timeoutSeconds)
    if case .problem(.environment, _, _, _) = ending {
      throw TargetError(
        message: "\(settings.library): no memory for an allocator of \(setup.arenaBytes) bytes")
    }
    var run = taken(ending, operations.count)
    run.certainMark = certainMark
    return run
  }

  private func write(_ operations: [TargetOperation], _ setup: TargetSetup) {
    for (index, operation) in operations.enumerated() { area.setOperation(operation, index) }
    area.clear()
    area[.operationCount] = UInt64(operations.count)
    area[.roundCount] = setup.rounds
    area[.arenaBytes] = setup.arenaBytes
    area[.arenaOffset] = setup.offset
    area[.refusedGrowth] = setup.refusedGrowth
    let sizes = operations.filter { $0.call == .resizeArena }.map { min($0.bytes, 1 << 30) }
    area[.arenaCapacity] = max(setup.arenaBytes, sizes.max() ?? 0)
    area[.memoryLimit] = settings.memoryLimitBytes + setup.arenaBytes
  }

  private func answer(timeoutSeconds: Double) throws(TargetError) -> TargetRun.Ending {
    var watch = HangWatch(timeoutSeconds: timeoutSeconds, heartbeat: area[.heartbeat])
    while true {
      switch next(seconds: watch.sliceSeconds) {
      case .word(0x44): return ending()
      case .numbered(0x58, let status):
        let ending = Self.ending(status: status)
        try awaitRunner()
        return ending
      case .late:
        let hangs = watch.hangs(heartbeat: area[.heartbeat]) { ProcessActivity(of: runner) }
        guard hangs else { continue }
        Processes.kill(runner)
        try awaitEnd()
        return .hung
      default: throw TargetError(message: "\(settings.library): the worker is gone")
      }
    }
  }

  /// The end of a runner that was killed. Its last word may have come in between; the keeper's comes
  /// for certain.
  private func awaitEnd() throws(TargetError) {
    while true {
      switch next(seconds: Self.patience) {
      case .word(0x44): continue
      case .numbered(0x58, _): return try awaitRunner()
      default: throw TargetError(message: "\(settings.library): the worker cannot be stopped")
      }
    }
  }

  /// A fresh runner for the next trace, unless this one has run none.
  func replaceRunner() throws(TargetError) {
    guard hasRun else { return }
    Processes.kill(runner)
    try awaitEnd()
  }

  private func ending() -> TargetRun.Ending {
    guard let problem = TargetProblem(rawValue: area[.problem]) else { return .finished }
    return .problem(
      problem, detail: area[.detail], second: area[.secondDetail], message: area.messageText)
  }

  private static func ending(status: Int32) -> TargetRun.Ending {
    switch Processes.Ending(status: status) {
    case .exited(let code): .exited(code)
    case .signalled(let number): .signalled(number)
    }
  }

  private func taken(_ ending: TargetRun.Ending, _ count: Int) -> TargetRun {
    let phase = SharedArea.Phase(rawValue: area[.phase]) ?? .idle
    let isInOperation = phase == .operations || phase == .misuse
    var run = TargetRun(
      ending: ending, phase: phase,
      step: isInOperation ? min(Int(clamping: area[.progress]), count) : count,
      results: (0..<count).map { area.result($0) })
    run.round = area[.round]
    run.freshFootprint = area[.freshFootprint]
    run.footprints = Array(area.readings(.footprints))
    run.addressSpace = Array(area.readings(.addressSpace))
    run.rested = (area[.restedFootprint], area[.restedAddressSpace])
    run.freshServed = area[.freshServed] != 0
    run.arenaBase = area[.arenaBase]
    run.growth = (area[.growthBase], area[.growthBytes])
    run.regions = (0..<SharedArea.mostRegions).map {
      (area[.regions, 2 * $0], area[.regions, 2 * $0 + 1])
    }
    run.crash = (area.crash[1], area.backtrace)
    run.output = captured.output.take()
    run.errors = captured.errors.take()
    return run
  }

  /// Seconds for a worker to start or to end: a loaded machine takes its time.
  private static let patience = 300.0

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
