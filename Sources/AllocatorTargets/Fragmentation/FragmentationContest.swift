import KernelPool
import PropertyTesting

/// The worst that is found for one allocator.
public struct FragmentationFinding: Sendable, Hashable {
  /// The allocator.
  public let name: String
  /// Bytes held at the worst moment.
  public let heldBytes: UInt64
  /// The most bytes live at any moment, as callers asked for them.
  public let peakLiveBytes: UInt64
  /// The largest request that was served.
  public let largestBytes: UInt64
  /// Bytes held at the end.
  let finalHeldBytes: UInt64
  /// Bytes live at the end.
  let finalLiveBytes: UInt64
  /// Calls of the program.
  public let calls: Int
  /// The program in words, behind its name where it has one.
  public let program: String
  /// Programs tried.
  public let candidates: Int

  /// How many times as much is held at the worst moment as was ever live.
  public var heldOverPeak: Double { Double(heldBytes) / Double(max(peakLiveBytes, 1)) }
  /// How many times as much is held at the end as is live then; nil where nothing is.
  public var heldOverFinal: Double? {
    finalLiveBytes == 0 ? nil : Double(finalHeldBytes) / Double(finalLiveBytes)
  }
}

/// Searches the most fragmenting program of any allocators with the same budget for each: the same
/// programs by hand, the same number of others, the same cap, the same seed.
///
/// A steady population of programs: two in three children are changed copies of a good one or two good
/// ones joined, the others are new. What is compared is bytes held at the worst moment over the most
/// bytes live at any moment, headers not counted as live, because they are the allocator's own affair.
public struct FragmentationContest: Sendable {
  /// The cap of live bytes.
  public var peakLiveBytes = 1 << 20
  /// Programs tried for each allocator after those by hand.
  public var candidates = 100
  /// The most calls of one program.
  public var callLimit = 4_000_000
  /// The seed of everything random.
  public var seed = Seed(1)

  private static let population = 24

  /// A contest of the usual size.
  public init() {}

  /// The bytes that an allocator of fixed size gets: more than any is known to need.
  private var arenaBytes: UInt64 { UInt64(peakLiveBytes) * 64 }

  /// Runs the programs on a library: all by hand, and the search that begins with them for each of the
  /// seeds from `seed` on.
  public func results(
    of settings: TargetSettings, name: String, seedCount: Int, executable: String
  ) throws(TargetError) -> FragmentationResults {
    try results(
      MeasuredLibrary(settings, name: name, executable: executable), seedCount: seedCount)
  }

  /// The same for a version of the kernel's pool.
  public func results(
    of profile: Profile, seedCount: Int
  ) throws(TargetError) -> FragmentationResults {
    try results(MeasuredModel(profile), seedCount: seedCount)
  }

  private typealias Ranked = (program: FragmentingProgram, finding: FragmentationFinding)

  /// The same for any allocator.
  func results(
    _ allocator: any MeasuredAllocator, seedCount: Int
  ) throws(TargetError) -> FragmentationResults {
    var first: [Ranked] = []
    for entry in FragmentingProgram.byHand(peakLiveBytes: peakLiveBytes) {
      let finding = try evaluate(entry.program, named: entry.name, allocator)
      Self.insert((entry.program, finding), into: &first)
    }
    var results = FragmentationResults(byHand: first[0].finding, bySearch: [])
    for number in 0..<(candidates == 0 ? 0 : seedCount) {
      let seed = Seed(seed.value &+ UInt64(number))
      results.bySearch.append((seed, try search(first, seed, allocator)))
    }
    return results
  }

  private func search(
    _ first: [Ranked], _ seed: Seed, _ allocator: any MeasuredAllocator
  ) throws(TargetError) -> FragmentationFinding {
    var random = seed.generator(stream: 0)
    var best = first
    for _ in 0..<candidates {
      let program = next(best.map(\.program), &random)
      guard !best.contains(where: { $0.program == program }) else { continue }
      Self.insert((program, try evaluate(program, named: nil, allocator)), into: &best)
    }
    return best[0].finding
  }

  private static func insert(_ entry: Ranked, into best: inout [Ranked]) {
    let place = best.firstIndex { $0.finding.heldOverPeak < entry.finding.heldOverPeak }
    best.insert(entry, at: place ?? best.count)
    if best.count > population { best.removeLast() }
  }

  private func next(
    _ best: [FragmentingProgram], _ random: inout Xoshiro256
  ) -> FragmentingProgram {
    let largest = peakLiveBytes / 2
    guard random.draw(below: 3) > 0 else {
      return FragmentingProgram.random(&random, largest: largest)
    }
    // The better of two: the list is ordered.
    func good(_ random: inout Xoshiro256) -> FragmentingProgram {
      let index = min(
        random.draw(below: UInt64(best.count)), random.draw(below: UInt64(best.count)))
      return best[Int(index)]
    }
    let parent = good(&random)
    guard random.draw(below: 4) > 0 else { return parent.followed(by: good(&random), &random) }
    return parent.mutated(&random, largest: largest)
  }

  /// What a program comes to on an allocator.
  func evaluate(
    _ program: FragmentingProgram, named name: String?, _ allocator: any MeasuredAllocator
  ) throws(TargetError) -> FragmentationFinding {
    var run = try ProgramRun(
      allocator, peakLiveBytes: peakLiveBytes, callLimit: callLimit, arenaBytes: arenaBytes)
    for step in program.steps { try run.perform(step) }
    // A program that takes next to nothing shows the allocator's first page, not its fragmentation.
    let isTiny = run.mostLiveBytes < UInt64(peakLiveBytes) / 2
    return FragmentationFinding(
      name: allocator.name, heldBytes: isTiny ? 0 : run.mostHeldBytes,
      peakLiveBytes: run.mostLiveBytes, largestBytes: run.largestBytes,
      finalHeldBytes: run.heldBytes, finalLiveBytes: run.finalLiveBytes, calls: run.calls,
      program: name.map { "\($0): \(program)" } ?? "\(program)", candidates: candidates)
  }
}

/// What a contest found for one allocator.
public struct FragmentationResults: Sendable {
  /// The worst of the programs by hand.
  public let byHand: FragmentationFinding
  /// The worst that each search found, with its seed; none where no program beyond those by hand was
  /// tried. A search begins with the programs by hand, so that none is tamer than these.
  public internal(set) var bySearch: [(seed: Seed, finding: FragmentationFinding)]

  /// The worst of all.
  public var worst: FragmentationFinding {
    bySearch.map(\.finding).reduce(byHand) { $1.heldOverPeak > $0.heldOverPeak ? $1 : $0 }
  }
}
