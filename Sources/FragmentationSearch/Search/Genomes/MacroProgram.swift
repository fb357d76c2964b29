import PoolBounds

/// What evolution changes: a recipe for operations, with a text by which it can be kept.
protocol Genome: Hashable, Sendable {
  /// The first word of the text.
  static var kind: String { get }
  /// One drawn at random.
  static func random(_ question: SearchQuestion, _ generator: inout SeededGenerator) -> Self
  /// Changes a place or two.
  mutating func mutate(_ question: SearchQuestion, _ generator: inout SeededGenerator)
  /// The beginning of one and the end of the other.
  func crossed(with other: Self, _ generator: inout SeededGenerator) -> Self
  /// Carries it out on an empty allocator; stops after about `mostOperations`.
  func run<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, mostOperations: Int)
  /// One line without the kind.
  var text: String { get }
  /// Reads ``text``; nil where it says something else.
  init?(text: String)
}

/// A cyclic program of steps that look at the pool: what a step asks for depends on what is free
/// or was just released, so one short program keeps its meaning while the pool grows.
///
/// Blocks are *kept* or *temporary*. When a request does not fit the budget, all temporary blocks
/// are released: that ends a *round*, and the program starts over. A round that added no page ends
/// the run; what is left of the budget is then spent on requests above every hole.
struct MacroProgram: Hashable, Sendable {
  /// What a request's size is measured from.
  enum Measure: String, CaseIterable, Hashable, Sendable {
    /// One unit above the largest free block.
    case aboveLargest = "above-largest"
    /// The free block that came into being last.
    case newestFree = "newest-free"
    /// The block released last.
    case lastReleased = "last-released"
    /// The block requested last.
    case lastRequested = "last-requested"
    /// The smallest block.
    case smallest
    /// A whole page.
    case page
  }

  enum Step: Hashable, Sendable {
    /// Requests the measure plus `offset`, but at least the page shifted right by `floorShift`
    /// (no floor if that is 0); `keeps` blocks are never released.
    case request(Measure, offset: Int, floorShift: Int, keeps: Bool)
    /// Releases the temporary block requested `age` temporary blocks ago.
    case release(age: Int)
  }

  var steps: [Step]

  static let mostSteps = 14

  /// Runs rounds until one adds no page, then spends what is left of the budget.
  func run<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, mostOperations: Int
  ) {
    var memory = Memory(trial.pool.geometry)
    var pagesAtRound = -1
    while trial.operations < mostOperations {
      runRound(&trial, &memory, mostOperations: mostOperations)
      if trial.pool.footprint.pagesHeld <= pagesAtRound { break }
      pagesAtRound = trial.pool.footprint.pagesHeld
    }
    Self.spendRest(&trial, mostOperations: mostOperations)
  }

  /// Requests above every hole while the cap allows one.
  static func spendRest<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, mostOperations: Int
  ) {
    while trial.operations < mostOperations,
      trial.allocate(units: trial.pool.largestFreeUnits + 1) != nil
    {}
  }

  /// One round, up to the release of the temporary blocks. It also ends where going through the
  /// steps has changed neither pages nor live units.
  func runRound<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, _ memory: inout Memory, mostOperations: Int
  ) {
    while trial.operations < mostOperations {
      let before = (trial.pool.footprint.pagesHeld, trial.pool.footprint.liveUnits)
      var fits = true
      for step in steps {
        fits = perform(step, &memory, &trial)
        if !fits { break }
      }
      let after = (trial.pool.footprint.pagesHeld, trial.pool.footprint.liveUnits)
      if !fits || before == after { break }
    }
    memory.releaseTemporaries(&trial)
  }

  /// What a run remembers.
  struct Memory {
    fileprivate var temporaries: [(block: BlockHandle, units: Int)] = []
    fileprivate var lastReleased = 0
    fileprivate var lastRequested = 0
    fileprivate let smallest: Int
    fileprivate let pageUnits: Int

    init(_ geometry: PoolGeometry) {
      smallest = geometry.smallestBlockUnits
      pageUnits = geometry.pageUnits
    }

    fileprivate func units<Target: AllocatorTarget & ~Copyable>(
      of measure: Measure, _ pool: borrowing Target
    ) -> Int {
      switch measure {
      case .aboveLargest: pool.largestFreeUnits + 1
      case .newestFree: pool.newestFreeUnits
      case .lastReleased: lastReleased
      case .lastRequested: lastRequested
      case .smallest: smallest
      case .page: pageUnits
      }
    }

    fileprivate mutating func releaseTemporaries<Target: AllocatorTarget & ~Copyable>(
      _ trial: inout Trial<Target>
    ) {
      for temporary in temporaries { trial.free(temporary.block) }
      temporaries.removeAll(keepingCapacity: true)
    }
  }

  /// False if the budget is full.
  private func perform<Target: AllocatorTarget & ~Copyable>(
    _ step: Step, _ memory: inout Memory, _ trial: inout Trial<Target>
  ) -> Bool {
    switch step {
    case .release(let age):
      guard age < memory.temporaries.count else { return true }
      let temporary = memory.temporaries.remove(at: memory.temporaries.count - 1 - age)
      memory.lastReleased = temporary.units
      trial.free(temporary.block)
      return true
    case .request(let measure, let offset, let floorShift, let keeps):
      let floor = floorShift == 0 ? 0 : memory.pageUnits >> floorShift
      let wanted = max(memory.units(of: measure, trial.pool), floor) + offset
      guard let block = trial.allocate(units: wanted) else { return false }
      memory.lastRequested = trial.granted(wanted)
      if !keeps { memory.temporaries.append((block, memory.lastRequested)) }
      return true
    }
  }
}

extension MacroProgram: Genome {
  static var kind: String { "macro" }

  static func random(
    _ question: SearchQuestion, _ generator: inout SeededGenerator
  ) -> MacroProgram {
    random(&generator)
  }

  static func random(_ generator: inout SeededGenerator) -> MacroProgram {
    let count = generator.within(3...8)
    return MacroProgram(steps: (0..<count).map { _ in randomStep(&generator) })
  }

  private static func randomStep(_ generator: inout SeededGenerator) -> Step {
    if generator.chance(2, in: 5) { return .release(age: generator.below(3)) }
    return .request(
      Measure.allCases[generator.below(Measure.allCases.count)], offset: generator.within(-3...3),
      floorShift: generator.below(4), keeps: generator.chance(1, in: 4))
  }

  mutating func mutate(_ question: SearchQuestion, _ generator: inout SeededGenerator) {
    for _ in 0...generator.below(3) { mutateOnce(&generator) }
  }

  private mutating func mutateOnce(_ generator: inout SeededGenerator) {
    let index = generator.below(steps.count)
    switch generator.below(6) {
    case 0: steps[index] = Self.randomStep(&generator)
    case 1: steps.swapAt(index, generator.below(steps.count))
    case 2: if steps.count > 1 { steps.remove(at: index) }
    case 3: if steps.count < Self.mostSteps { steps.insert(Self.randomStep(&generator), at: index) }
    default: steps[index] = Self.adjusted(steps[index], &generator)
    }
  }

  private static func adjusted(_ step: Step, _ generator: inout SeededGenerator) -> Step {
    switch step {
    case .release(let age): return .release(age: max(0, age + generator.within(-1...1)))
    case .request(let measure, let offset, let floorShift, let keeps):
      switch generator.below(3) {
      case 0:
        return .request(
          measure, offset: offset + generator.within(-2...2), floorShift: floorShift, keeps: keeps)
      case 1:
        return .request(
          measure, offset: offset, floorShift: generator.below(4), keeps: keeps)
      default:
        return .request(measure, offset: offset, floorShift: floorShift, keeps: !keeps)
      }
    }
  }

  func crossed(with other: MacroProgram, _ generator: inout SeededGenerator) -> MacroProgram {
    let head = steps.prefix(generator.within(0...steps.count))
    let tail = other.steps.suffix(generator.within(0...other.steps.count))
    let joined = Array((head + tail).prefix(Self.mostSteps))
    return joined.isEmpty ? self : MacroProgram(steps: joined)
  }
}

/// One line: the steps with semicolons between them. `above-largest+2@1 keep` requests two units
/// more than one above the largest free block, at least half a page (the page shifted right by 1),
/// and keeps the block; `release 1` releases the temporary block before the last.
extension MacroProgram {
  var text: String { steps.map(Self.text).joined(separator: "; ") }

  init?(text: String) {
    var steps: [Step] = []
    for part in text.split(separator: ";") {
      guard let step = Self.step(part.split(separator: " ")) else { return nil }
      steps.append(step)
    }
    guard (1...Self.mostSteps).contains(steps.count) else { return nil }
    self.steps = steps
  }

  private static func text(_ step: Step) -> String {
    switch step {
    case .release(let age): return "release \(age)"
    case .request(let measure, let offset, let floorShift, let keeps):
      let difference = offset == 0 ? "" : offset > 0 ? "+\(offset)" : "\(offset)"
      let floor = floorShift == 0 ? "" : "@\(floorShift)"
      return measure.rawValue + difference + floor + (keeps ? " keep" : "")
    }
  }

  private static func step(_ words: [Substring]) -> Step? {
    if words.count == 2, words[0] == "release" {
      guard let age = Int(words[1]), (0...1 << 20).contains(age) else { return nil }
      return .release(age: age)
    }
    guard let size = words.first, words.count == 1 || words == [size, "keep"] else { return nil }
    let parts = size.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let floorShift = parts.count == 2 ? Int(parts[1]) : 0
    guard let floorShift, (0...16).contains(floorShift),
      let measure = Measure.allCases.last(where: { parts[0].hasPrefix($0.rawValue) })
    else { return nil }
    let rest = parts[0].dropFirst(measure.rawValue.count)
    guard let offset = rest.isEmpty ? 0 : Int(rest), (-65_536...65_536).contains(offset) else {
      return nil
    }
    return .request(measure, offset: offset, floorShift: floorShift, keeps: words.count == 2)
  }
}
