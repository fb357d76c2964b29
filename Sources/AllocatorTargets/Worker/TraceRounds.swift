import Platform

/// The rounds of a trace: it is run again and again, each time until all is freed, and what is held behind
/// them tells a leak.
extension TraceExecutor {
  /// The rounds that are asked for, and twice as many as long as each doubling leaves more behind. Those that
  /// nobody asked for, and those of many that would take long, tell of a leak alone: their blocks are touched,
  /// not written and read.
  mutating func runRounds(_ count: Int, _ flags: SharedArea.Flag) {
    let asked = Int(min(max(area[.roundCount], 1), UInt64(SharedArea.mostRounds)))
    let (written, touched) = affordableRounds(count)
    // Whoever asks for more than a campaign does gets them.
    let isOwnWish = asked > Int(TargetSetup.manyRounds)
    area[.writtenRounds] = UInt64(isOwnWish ? asked : min(asked, written))
    var goal = isOwnWish ? asked : min(asked, touched)
    var round = 0
    while round < goal, !isStopped {
      runRound(round, count, flags)
      // How many rounds follow is the system's word; the first is the trace's alone.
      if round == 0, flags.contains(.counters), !isStopped { tellCounters() }
      round += 1
      guard !isStopped, round & (round - 1) == 0 else { continue }
      let mark = round.trailingZeroBitCount
      // What the system tells costs as much as a hundred calls.
      if flags.contains(.leak) { area[.addressSpace, mark] = resident.addressSpaceBytes() }
      if flags.contains(.leak) || library.footprint != nil { area[.footprints, mark] = footprint() }
      if round == goal, flags.contains(.leak), goal * 2 <= touched, isUndecided { goal *= 2 }
    }
    if area[.restMilliseconds] > 0, flags.contains(.leak), !isStopped { rest(round, count, flags) }
  }

  private mutating func runRound(_ round: Int, _ count: Int, _ flags: SharedArea.Flag) {
    area[.phase] = SharedArea.Phase.operations.rawValue
    area[.round] = UInt64(round)
    isTouchedOnly = UInt64(round) >= area[.writtenRounds]
    for index in 0..<count where !isStopped { relay(index, isFirst: round == 0, flags) }
    threads.endAll()
    if !isStopped { empty(isFirst: round == 0, judgesGrowth: round & (round + 1) == 0) }
  }

  private func tellCounters() {
    guard let start = library.counters.baseAddress else { return }
    area.counters.copyMemory(from: start, byteCount: library.counters.count)
    area[.counterCount] = UInt64(library.counterCount)
  }

  /// Where each round seems to leave something behind, lets time pass and looks again behind some more:
  /// there are libraries that give pages back by the clock.
  private mutating func rest(_ round: Int, _ count: Int, _ flags: SharedArea.Flag) {
    let isHeld = library.footprint == nil && verdict(.footprints) == .leaks
    guard isHeld || verdict(.addressSpace) == .leaks else { return }
    var left = Int(area[.restMilliseconds])
    while left > 0 {
      Machine.sleep(seconds: Double(min(left, 250)) / 1000)
      left -= 250
      area[.heartbeat] &+= 1
    }
    for more in round..<round + SharedArea.restedRounds where !isStopped {
      runRound(more, count, flags)
    }
    guard !isStopped else { return }
    area[.restedFootprint] = footprint()
    area[.restedAddressSpace] = resident.addressSpaceBytes()
  }

  /// Rounds that look for a leak, at most, where blocks are written and where they are touched: so many that
  /// they take a second or two on any machine. What they cost is guessed from the calls, never measured: how
  /// far a run goes must not depend on the load. A run that they end before there is a verdict is told of as
  /// one without (`TargetRun.lacksVerdict`).
  private func affordableRounds(_ count: Int) -> (written: Int, touched: Int) {
    var (written, touched): (UInt64, UInt64) = (1, 1)
    for index in 0..<count {
      let operation = area.operation(index)
      guard operation.call != .thread, operation.call != .endThread else {
        (written, touched) = (written + 20_000, touched + 20_000)
        continue
      }
      let bytes = operation.requestedBytes ?? 0
      // Each page may be a new one each time; small blocks are written and read whole, zeroed ones are read.
      let pages = 300 + min(bytes, 1 << 26) / 4096 * 250
      let isZeroed = operation.call == .allocateZeroed
      touched += pages
      written += pages + min(bytes, isZeroed ? 1 << 26 : 1 << 14) / 4
    }
    return (Self.rounds(of: written), Self.rounds(of: touched))
  }

  private static func rounds(of nanoseconds: UInt64) -> Int {
    var rounds = SharedArea.mostRounds
    while rounds > leastRounds, UInt64(rounds) > patience / nanoseconds { rounds /= 2 }
    return rounds
  }

  /// Nanoseconds of a guess.
  private static let patience: UInt64 = 1_000_000_000
  /// Rounds that are made whatever they cost: what is lost of large blocks is known then.
  private static let leastRounds = 64

  private func verdict(_ word: SharedArea.Word) -> RoundReadings.Verdict {
    let isHeld = word == .footprints
    let held: RoundReadings.Kind = library.footprint == nil ? .resident : .declared
    let certainMark = Int(clamping: area[.certainMark])
    return RoundReadings(
      isHeld ? held : .addressSpace, area.readings(word), certainMark: certainMark
    ).verdict
  }

  /// Whether more rounds can tell a leak from what fills a cache.
  private var isUndecided: Bool {
    let (held, space) = (verdict(.footprints), verdict(.addressSpace))
    return held != .leaks && space != .leaks && (held == .rises || space == .rises)
  }
}
