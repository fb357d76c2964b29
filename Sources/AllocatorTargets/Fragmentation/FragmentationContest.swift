import KernelPool
import PropertyTesting

/// The worst that a search finds for one allocator.
public struct FragmentationFinding: Sendable, Hashable {
  /// The allocator.
  public let name: String
  /// Bytes held at the worst moment.
  public let heldBytes: UInt64
  /// The most bytes live at any moment, as callers asked for them.
  public let peakLiveBytes: UInt64
  /// Bytes held at the end.
  let finalHeldBytes: UInt64
  /// Bytes live at the end.
  let finalLiveBytes: UInt64
  /// Calls of the program.
  public let calls: Int
  /// The program in words.
  public let program: String
  /// Programs tried.
  public let candidates: Int

  /// How many times as much is held at the worst moment as was ever live.
  public var heldOverPeak: Double { Double(heldBytes) / Double(max(peakLiveBytes, 1)) }
  /// How many times as much is held at the end as is live then.
  public var heldOverFinal: Double { Double(finalHeldBytes) / Double(max(finalLiveBytes, 1)) }
}

/// Searches the most fragmenting program of any allocators with the same budget for each: the same
/// number of programs, the same cap, the same first programs, the same seed.
///
/// A steady population of programs: two in three children are changed copies of a good one, the
/// others are new. What is compared is bytes held at the worst moment over the most bytes live at any
/// moment, headers not counted as live, because they are the allocator's own affair.
public struct FragmentationContest: Sendable {
  /// The cap of live bytes.
  public var peakLiveBytes = 1 << 20
  /// Programs tried for each allocator.
  public var candidates = 200
  /// Calls of one program.
  public var callLimit = 200_000
  /// The seed of everything random.
  public var seed = Seed(1)

  private static let population = 24

  /// A contest of the usual size.
  public init() {}

  /// The bytes that an allocator of fixed size gets.
  private var arenaBytes: UInt64 { UInt64(peakLiveBytes) * 64 }

  /// The worst program for a library.
  public func worst(
    of settings: TargetSettings, name: String, executable: String
  ) throws(TargetError) -> FragmentationFinding {
    let entrant = try LibraryEntrant(
      settings, name: name, arenaBytes: arenaBytes, callLimit: callLimit, executable: executable)
    return try search(entrant)
  }

  /// The worst program for a version of the kernel's pool.
  public func worst(of profile: Profile) throws(TargetError) -> FragmentationFinding {
    try search(ModelEntrant(profile, poolBytes: arenaBytes))
  }

  private func search(
    _ entrant: some FragmentationEntrant
  ) throws(TargetError) -> FragmentationFinding {
    var random = seed.generator(stream: 0)
    var best: [(program: FragmentingProgram, finding: FragmentationFinding)] = []
    for number in 0..<max(candidates, 1) {
      let program = next(number, best.map(\.program), &random)
      guard !best.contains(where: { $0.program == program }) else { continue }
      let finding = try evaluate(program, entrant)
      let place = best.firstIndex { $0.finding.heldOverPeak < finding.heldOverPeak } ?? best.count
      best.insert((program, finding), at: place)
      if best.count > Self.population { best.removeLast() }
    }
    return best[0].finding
  }

  private func next(
    _ number: Int, _ best: [FragmentingProgram], _ random: inout Xoshiro256
  ) -> FragmentingProgram {
    if number < FragmentingProgram.known.count { return FragmentingProgram.known[number] }
    guard !best.isEmpty, random.draw(below: 3) > 0 else {
      return FragmentingProgram.random(&random)
    }
    // The better of two: the list is ordered.
    let index = min(
      random.draw(below: UInt64(best.count)), random.draw(below: UInt64(best.count)))
    return best[Int(index)].mutated(&random)
  }

  private func evaluate(
    _ program: FragmentingProgram, _ entrant: some FragmentationEntrant
  ) throws(TargetError) -> FragmentationFinding {
    let calls = program.calls(peakLiveBytes: peakLiveBytes, callLimit: callLimit)
    let held = try entrant.heldBytes(calls)
    var sizes: [UInt32: UInt64] = [:]
    var live: UInt64 = 0
    var peakLive: UInt64 = 0
    for call in calls {
      switch call.call {
      case .allocate:
        sizes[call.slot] = call.bytes
        live += call.bytes
        peakLive = max(peakLive, live)
      case .free: live -= sizes[call.slot] ?? 0
      default: break
      }
    }
    // A program that takes next to nothing shows the allocator's first page, not its fragmentation.
    let isTiny = peakLive < UInt64(peakLiveBytes) / 2
    return FragmentationFinding(
      name: entrant.name, heldBytes: isTiny ? 0 : held.reduce(0) { max($0, $1 ?? 0) },
      peakLiveBytes: peakLive, finalHeldBytes: held.last.flatMap { $0 } ?? 0,
      finalLiveBytes: live, calls: calls.count, program: program.description,
      candidates: candidates)
  }
}
