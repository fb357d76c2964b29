import PropertyTesting

/// Tests an allocator by traces: runs them, judges them, makes failing ones small, certifies them.
public final class TargetTester {
  private let settings: TargetSettings
  private let executable: String
  private var process: TargetProcess
  private var lostProcesses = 0
  private var error: TargetError?
  private var timeoutSeconds: Double
  /// The largest request that a fresh allocator serves, by arena.
  private var freshBytes: [TargetSetup: UInt64] = [:]
  /// Traces run so far.
  public private(set) var traceCount = 0
  /// Whether the last trace that passed reached code, or reached it more often, than any before that were
  /// tested with `isCounted`.
  public private(set) var hasReachedMore = false
  /// Whether it was the first to reach a place of the code.
  public private(set) var hasReachedNewCode = false
  /// Counters that the library has, as the last run that was counted told; 0 before.
  public private(set) var counterCount: UInt64 = 0
  /// The most counters that are looked at.
  public static let mostCounters = UInt64(SharedArea.mostCounters)
  private var reached = ReachedCode()
  /// What the last run that passed came to, where it was counted.
  private var counters: [UInt8] = []
  /// What of the code the last trace that has reached more was the first to reach, by counter.
  private var newlyReached: [Int: UInt8] = [:]
  /// Traces so far that passed but for leaks, of which there was no verdict when their rounds ended.
  public private(set) var openCount = 0
  /// What is judged.
  public var rules = Set(TargetRule.allCases)
  /// Asked before each step of a reduction; true ends it with what it has come to.
  public var isOver: () -> Bool = { false }
  /// Told of each candidate of a reduction: how many there were, and how many of them hung.
  public var onCandidate: (_ count: Int, _ hung: Int) -> Void = { _, _ in }
  private var candidates = (count: 0, hung: 0)

  /// The most operations of a trace that is judged.
  public static let mostOperations = 1 << 22

  /// Processes used up so far by what the allocator did.
  public var lostProcessCount: Int { lostProcesses }

  /// What the library can do and promises.
  public var capabilities: TargetCapabilities { process.capabilities }

  /// Starts a worker with the allocator. `executable` is a program that hands its words to
  /// `TargetWorker.main` where the first of them is `TargetWorker.word`.
  public init(_ settings: TargetSettings, executable: String) throws(TargetError) {
    self.settings = settings
    self.executable = executable
    process = try TargetProcess(settings, executable: executable)
    timeoutSeconds = settings.timeoutSeconds
  }

  /// Runs a trace, where asked in a process that has never called the library; returns the first thing
  /// that is wrong, or nil. A trace of more than `mostOperations` operations is an error.
  ///
  /// A second round follows the first. Where a library tells its footprint and that has risen, twice as
  /// many follow, and so on: that tells a leak from a cache that fills. The resident set of the others
  /// says so little about two rounds that only a trace of many (`target rounds=2048`) looks at it, and goes
  /// on in the same way. What seems to leak there gets time to give it back. How many rounds follow is limited by
  /// what they cost; a trace that still leaves more behind at their end counts as open (``openCount``).
  ///
  /// Where asked, what it reaches of the library's code is compared with what those before reached that were
  /// counted; of a library without counters nothing is known.
  public func test(
    _ trace: TargetTrace, inFreshProcess isFresh: Bool = false, isCounted: Bool = false
  ) throws(TargetError) -> TargetFailure? {
    let failure = try test(
      trace, inFreshProcess: isFresh, isCandidate: false, isCounted: isCounted)
    let (new, isCode) = reached.takes(counters)
    (hasReachedMore, hasReachedNewCode) = (!new.isEmpty, isCode)
    if hasReachedMore { newlyReached = new }
    return failure
  }

  private func test(
    _ trace: TargetTrace, inFreshProcess isFresh: Bool, isCandidate: Bool, isCounted: Bool = false
  ) throws(TargetError) -> TargetFailure? {
    counters = []
    try makeRoom(for: trace.operations.count)
    var order = try order(trace, isCandidate: isCandidate)
    if isFresh { try process.replaceRunner() }
    if isCounted { order.flags.insert(.counters) }
    let run = try process.run(
      order.operations, order.setup, freshBytes: order.freshBytes, flags: order.flags,
      restSeconds: order.restSeconds, certainMark: order.certainMark,
      timeoutSeconds: timeoutSeconds)
    let failure = try judged(order, run)
    if failure == nil, run.ending == .finished { counters = run.counters }
    if isCounted { counterCount = max(counterCount, run.counterCount) }
    if failure == nil, !isCandidate, isOpen(order, run) { openCount += 1 }
    return failure
  }

  /// Runs traces one after another, in as few round trips as can be, until one fails; how many passed before
  /// that. Each is judged as it is by itself: behind a trace that fails nothing of the process is used again, and
  /// whatever of the others was run there is forgotten.
  public func test(
    _ traces: [TargetTrace]
  ) throws(TargetError) -> (passed: Int, failure: TargetFailure?) {
    hasReachedMore = false
    var passed = 0
    while passed < traces.count {
      let batch = traces[passed...].prefix(SharedArea.batchTraces).prefix(while: Self.isShort)
      guard batch.count > 1 else {
        if let failure = try test(traces[passed]) { return (passed, failure) }
        passed += 1
        continue
      }
      let orders = try batch.map { (trace) throws(TargetError) in
        try order(trace, isCandidate: false)
      }
      let runs = try process.run(orders, timeoutSeconds: timeoutSeconds)
      for (order, run) in zip(orders, runs) {
        let spent = lostProcesses
        if let failure = try judged(order, run) { return (passed, failure) }
        passed += 1
        if isOpen(order, run) { openCount += 1 }
        // A run that ended its process and is nobody's fault ends the batch as well.
        if lostProcesses > spent { break }
      }
    }
    return (passed, nil)
  }

  /// Whether a trace has room in a batch, and keeps nobody waiting there.
  private static func isShort(_ trace: TargetTrace) -> Bool {
    trace.operations.count <= SharedArea.batchOperations
      && trace.configuration.rounds < TargetSetup.manyRounds
  }

  /// What the worker is to do for a trace.
  private func order(
    _ trace: TargetTrace, isCandidate: Bool
  ) throws(TargetError) -> WorkerOrder {
    let operations = measured(trace.operations)
    var order = WorkerOrder(operations: operations, setup: trace.configuration)
    order.freshBytes = try freshBytes(of: trace.configuration)
    let isOnce = operations.contains { [.addRegion, .resizeArena, .misuse].contains($0.call) }
    if isOnce { order.setup.rounds = 1 }
    // Where a growth is refused, what the emptied allocator serves is not judged.
    if order.setup.refusedGrowth == 0 { order.flags = [.probe] }
    let tellsFootprint = capabilities.functions.contains(.footprint)
    if tellsFootprint { order.flags.insert(.measure) }
    let isAskedFor = order.setup.rounds >= TargetSetup.manyRounds
    if !isOnce, isAskedFor || (tellsFootprint && order.setup.refusedGrowth == 0) {
      order.flags.insert(.leak)
    }
    order.restSeconds = isCandidate ? 0 : settings.restSeconds
    order.certainMark = isCandidate ? RoundReadings.candidateMark : RoundReadings.certainMark
    return order
  }

  /// The verdict on a run; behind one that failed or ended its process the next one gets another.
  private func judged(_ order: WorkerOrder, _ run: TargetRun) throws(TargetError) -> TargetFailure?
  {
    traceCount += 1
    var failure =
      endedBeyond(order, run)
      ? nil
      : TargetOracle.failure(
        order.operations, run, order.setup, capabilities, freshBytes: order.freshBytes,
        rules: rules)
    failure?.isOfLaterRound = run.ending != .finished && run.round > 0
    // A runner that is still there after a failure is not one to go on with.
    if run.ending != .finished || failure != nil {
      lostProcesses += 1
      try process.replaceRunner()
    }
    return failure
  }

  /// Whether a run ended in a round that looks for a leak alone. How many there are depends on what the system
  /// says of memory: what else goes wrong in them would not repeat.
  private func endedBeyond(_ order: WorkerOrder, _ run: TargetRun) -> Bool {
    // A round that cannot be is a word that the allocator has overwritten, and excuses nothing.
    let isRound = run.round < UInt64(SharedArea.mostRounds + SharedArea.restedRounds)
    return run.ending != .finished && isRound && run.round >= run.writtenRounds
  }

  /// Whether nobody knows of a run without a failure if it leaks.
  private func isOpen(_ order: WorkerOrder, _ run: TargetRun) -> Bool {
    guard order.flags.contains(.leak) else { return false }
    guard run.ending == .finished else {
      return endedBeyond(order, run) && !rules.isDisjoint(with: [.leak, .addressSpace])
    }
    return run.lacksVerdict(capabilities, rules: rules, asked: order.setup.rounds)
  }

  /// The last trace that has reached more without operations that this does not take: what is changed later
  /// should have nothing in it that only stands in the way.
  public func withoutDetours(_ trace: TargetTrace) throws(TargetError) -> TargetTrace {
    let wanted = newlyReached
    var (small, runs) = (trace, 0)
    var size = max(trace.operations.count / 2, 1)
    while true {
      var end = small.operations.count
      while end > 0, runs < Self.detourRuns {
        let start = max(end - size, 0)
        var candidate = small
        candidate.operations.removeSubrange(start..<end)
        runs += 1
        if !candidate.operations.isEmpty, try reaches(wanted, candidate) { small = candidate }
        end = start
      }
      guard size > 1, runs < Self.detourRuns else { return small }
      size = (size + 1) / 2
    }
  }

  /// Runs that looking for detours may take.
  private static let detourRuns = 80

  private func reaches(
    _ wanted: [Int: UInt8], _ trace: TargetTrace
  ) throws(TargetError) -> Bool {
    let failure = try test(trace, inFreshProcess: false, isCandidate: true, isCounted: true)
    return failure == nil
      && wanted.allSatisfy { index, bit in
        index < counters.count && ReachedCode.bit(counters[index]) == bit
      }
  }

  /// How many of so many runs, each in a fresh process, show a failure, and what the last of these saw.
  public func repetitions(
    of trace: TargetTrace, _ identity: FailureIdentity, in count: Int
  ) throws(TargetError) -> (shown: Int, failure: TargetFailure?) {
    var (shown, last) = (0, TargetFailure?.none)
    for _ in 0..<count {
      guard let failure = try test(trace, inFreshProcess: true),
        failure.identity(in: trace) == identity
      else { continue }
      shown += 1
      last = failure
    }
    return (shown, last)
  }

  /// A worker that has room for a trace.
  private func makeRoom(for count: Int) throws(TargetError) {
    guard count > process.settings.operationLimit else { return }
    guard count <= Self.mostOperations else {
      throw TargetError(
        message: "not judged: \(count) operations are more than \(Self.mostOperations)")
    }
    var larger = settings
    while larger.operationLimit < count { larger.operationLimit *= 2 }
    process = try TargetProcess(larger, executable: executable)
  }

  /// The largest request that a fresh allocator serves, to a quarter: by one trace of one allocation
  /// after the other, each in a process of its own. What fails there is no finding of a trace that does
  /// not ask for it.
  private func freshBytes(of setup: TargetSetup) throws(TargetError) -> UInt64 {
    var place = TargetSetup(arenaBytes: setup.arenaBytes, offset: setup.offset)
    place.rounds = 1
    if let known = freshBytes[place] { return known }
    var bytes = min(place.arenaBytes, capabilities.largestBytes)
    var found: UInt64 = 0
    while bytes >= max(16, capabilities.smallestBytes), found == 0 {
      try process.replaceRunner()
      let run = try process.run(
        [.allocate(Slot(0), bytes)], place, timeoutSeconds: min(timeoutSeconds, 2))
      if run.results.first?.state == .done { found = bytes }
      bytes = bytes / 4 * 3
    }
    try process.replaceRunner()
    freshBytes[place] = found
    return found
  }

  /// The largest request that a fresh allocator is known to serve; 0 where nobody has asked.
  func knownFreshBytes(of setup: TargetSetup) -> UInt64 {
    var place = TargetSetup(arenaBytes: setup.arenaBytes, offset: setup.offset)
    place.rounds = 1
    return freshBytes[place] ?? 0
  }

  private func measured(_ operations: [TargetOperation]) -> [TargetOperation] {
    guard capabilities.functions.contains(.footprint) else { return operations }
    var copy = operations
    for index in copy.indices where index % 8 == 7 { copy[index].isMeasured = true }
    return copy
  }

  // MARK: Reducing

  /// Makes a failing trace small with the suite's own shrinker. Every trace is run in a fresh process:
  /// what one leaves behind is no part of the next.
  public func shrink(
    _ trace: TargetTrace, _ failure: TargetFailure
  ) throws(TargetError) -> Reduced {
    let identity = failure.identity(in: trace)
    // What hangs costs the time-out in every execution, what leaks two thousand rounds.
    let isSlow = [.hang, .leak, .addressSpace, .exhaustion].contains(failure.rule)
    let cut = failure.isOfLaterRound ? trace : trace.prefix(failure.step + 1)
    let patience = timeoutSeconds
    timeoutSeconds = min(timeoutSeconds, settings.candidateSeconds)
    candidates = (0, 0)
    defer { (timeoutSeconds, candidates) = (patience, (0, 0)) }
    if failure.rule != .hang, execution(of: cut).failure?.identities.contains(identity) != true {
      // A call of it takes longer than that.
      timeoutSeconds = patience
    }
    // No search beyond the passes: what thousands of traces leave behind in one process makes a
    // library crash on traces that are harmless in a fresh one.
    let budget = ShrinkBudget(executionLimit: isSlow ? 240 : 3_000, searchLimit: 0)
    var shrinker = Shrinker<TargetSetup, TargetOperation>(budget: budget) {
      self.execution(of: $0)
    }
    shrinker.isInterrupted = isOver
    let result = shrinker.shrink(cut, identity)
    var small = result.trace
    var executions = result.executionCount
    while !isSlow, !isOver() {
      let (next, count) = withoutOneMore(small, identity)
      executions += count
      guard let next else { break }
      let again = shrinker.shrink(next, identity)
      executions += again.executionCount
      small = again.trace
    }
    small = small.numberedInOrderOfUse
    let certificate =
      isOver() ? nil : Certificate(of: small, identity) { self.execution(of: $0) }
    if let error { throw error }
    return Reduced(
      trace: small, identity: identity, certificate: certificate,
      executionCount: executions)
  }

  // MARK: Classes

  /// The sizes from 1 to 128 KiB that are the largest of their class, as the usable sizes of a library
  /// tell; at most four to each power of two. Empty where it tells none, or none that is larger than
  /// what was asked for.
  public func classEnds() throws(TargetError) -> [UInt64] {
    guard capabilities.functions.contains(.usableSize) else { return [] }
    var ends: [UInt64] = []
    var bytes = max(1, capabilities.smallestBytes)
    var exact = 0
    while bytes < 1 << 17, exact < 8 {
      let run = try process.run(
        [.allocate(Slot(0), bytes)], TargetSetup(), timeoutSeconds: timeoutSeconds)
      guard run.ending == .finished, let result = run.results.first, result.state == .done else {
        try process.replaceRunner()
        break
      }
      let end = result.usableBytes
      exact = end == bytes ? exact + 1 : 0
      if end < 1 << 17 { ends.append(end) }
      bytes = max(end &+ 1, bytes + bytes / 4)
    }
    return exact < 8 ? ends : []
  }

  /// A trace as the shrinker sees it, in a fresh process; an error of the worker counts as no failure
  /// and is kept.
  public func execution(of trace: TargetTrace) -> Execution {
    let count = trace.operations.count
    guard error == nil else {
      return Execution(failure: nil, skippedSteps: [], operationCount: count)
    }
    do throws(TargetError) {
      // Numbered as it will be filed: what owners write depends on their slots.
      let trace = trace.numberedInOrderOfUse
      // Candidates are many, and what they come to is confirmed with more rounds and a rest.
      let shown = try test(trace, inFreshProcess: true, isCandidate: true)
      candidates.count += 1
      candidates.hung += shown?.rule == .hang ? 1 : 0
      onCandidate(candidates.count, candidates.hung)
      let failure = shown.map {
        Execution.Failure(
          step: $0.isOfLaterRound ? max(count - 1, $0.step) : $0.step,
          identities: [$0.identity(in: trace)])
      }
      return Execution(failure: failure, skippedSteps: [], operationCount: count)
    } catch {
      self.error = error
      return Execution(failure: nil, skippedSteps: [], operationCount: count)
    }
  }
}
