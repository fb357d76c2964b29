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
    let order = WorkerOrder(
      operations: operations, setup: setup, freshBytes: freshBytes, flags: flags,
      restSeconds: restSeconds, certainMark: certainMark)
    write(order, area, slotCount: slotCount)
    let ending = try ask(0x52, timeoutSeconds) { [area] in area[.heartbeat] } ?? ending(area)
    var run = try taken(ending, order, area)
    run.counters = counters
    run.counterCount = area[.counterCount]
    run.output = Self.text(captured.output.take())
    run.errors = Self.text(captured.errors.take())
    return run
  }

  /// Runs at most ``SharedArea/batchTraces`` traces of at most ``SharedArea/batchOperations`` operations in one
  /// round trip, until something is wrong with one; what became of each that was run, in order. Whatever ended the
  /// runner is the last one's.
  func run(
    _ orders: [WorkerOrder], timeoutSeconds: Double
  ) throws(TargetError) -> [TargetRun] {
    area.clear()
    area[.batchCount] = UInt64(orders.count)
    for (index, order) in orders.enumerated() { write(order, area.trace(index), slotCount: 0) }
    let place = { [area] in min(Int(clamping: area[.batchPlace]), orders.count - 1) }
    let ending = try ask(0x42, timeoutSeconds) { [area] in
      // The next trace begins its own count.
      area.trace(place())[.heartbeat] &+ UInt64(place()) << 48
    }
    let (output, errors) = (
      captured.output.take(most: 1 << 16), captured.errors.take(most: 1 << 16)
    )
    var (runs, outputEnd, errorEnd): ([TargetRun], Int, Int) = ([], 0, 0)
    for index in 0...place() {
      let (trace, isLast) = (area.trace(index), index == place())
      var run = try taken(isLast ? ending ?? self.ending(trace) : .finished, orders[index], trace)
      if isLast { run.crash = (area.crash[1], area.backtrace) }
      // What the last one has written ends with the file.
      let ends =
        isLast
        ? (output.count, errors.count)
        : (Int(clamping: trace[.outputBytes]), Int(clamping: trace[.errorBytes]))
      run.output = Self.text(output, outputEnd..<max(ends.0, outputEnd))
      run.errors = Self.text(errors, errorEnd..<max(ends.1, errorEnd))
      (outputEnd, errorEnd) = (max(ends.0, outputEnd), max(ends.1, errorEnd))
      runs.append(run)
    }
    return runs
  }

  private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  /// A part of what was written; what lies behind the bytes that are kept was there, and no more is known.
  private static func text(_ bytes: [UInt8], _ part: Range<Int>) -> String {
    let kept = text(Array(bytes[part.clamped(to: bytes.indices)].prefix(4096)))
    return kept.isEmpty && !part.isEmpty ? " " : kept
  }

  private func write(_ order: WorkerOrder, _ area: SharedArea, slotCount: Int) {
    for (index, operation) in order.operations.enumerated() { area.setOperation(operation, index) }
    area.clear()
    let setup = order.setup
    area[.operationCount] = UInt64(order.operations.count)
    area[.roundCount] = setup.rounds
    area[.arenaBytes] = setup.arenaBytes
    area[.arenaOffset] = setup.offset
    area[.refusedGrowth] = setup.refusedGrowth
    let sizes = order.operations.filter { $0.call == .resizeArena }.map { min($0.bytes, 1 << 30) }
    area[.arenaCapacity] = max(setup.arenaBytes, sizes.max() ?? 0)
    area[.memoryLimit] = settings.memoryLimitBytes + setup.arenaBytes
    area[.freshBytes] = order.freshBytes
    area[.slotCount] = UInt64(slotCount)
    area[.certainMark] = UInt64(order.certainMark)
    area[.restMilliseconds] = UInt64(order.restSeconds * 1000)
    area[.flags] = order.flags.rawValue
  }

  /// Has the runner do something and waits for its end; nil where it says that it is done.
  private func ask(
    _ word: UInt8, _ timeoutSeconds: Double, heartbeat: () -> UInt64
  ) throws(TargetError) -> TargetRun.Ending? {
    hasRun = true
    guard command.write(word) else {
      throw TargetError(message: "\(settings.library): the worker is gone")
    }
    var watch = HangWatch(timeoutSeconds: timeoutSeconds, heartbeat: heartbeat())
    while true {
      switch next(seconds: watch.sliceSeconds) {
      case .word(0x44): return nil
      case .numbered(0x58, let status):
        let ending = Self.ending(status: status)
        try awaitRunner()
        return ending
      case .late:
        let hangs = watch.hangs(heartbeat: heartbeat()) { ProcessActivity(of: runner) }
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

  private func ending(_ area: SharedArea) -> TargetRun.Ending {
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

  private func taken(
    _ ending: TargetRun.Ending, _ order: WorkerOrder, _ area: SharedArea
  ) throws(TargetError) -> TargetRun {
    if case .problem(.environment, _, _, _) = ending {
      throw TargetError(
        message: "\(settings.library): no memory for an allocator of"
          + " \(order.setup.arenaBytes) bytes")
    }
    let count = order.operations.count
    let phase = SharedArea.Phase(rawValue: area[.phase]) ?? .idle
    let isInOperation = phase == .operations || phase == .misuse
    var run = TargetRun(
      ending: ending, phase: phase,
      step: isInOperation ? min(Int(clamping: area[.progress]), count) : count,
      results: (0..<count).map { area.result($0) })
    run.certainMark = order.certainMark
    run.round = area[.round]
    // A worker that was overwritten says anything.
    let written = area[.writtenRounds]
    run.writtenRounds = written == 0 ? order.setup.rounds : min(written, order.setup.rounds)
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
    return run
  }

  private var counters: [UInt8] {
    let count = min(Int(clamping: area[.counterCount]), SharedArea.mostCounters)
    return Array(UnsafeRawBufferPointer(start: area.counters, count: count))
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
