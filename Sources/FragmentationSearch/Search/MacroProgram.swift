/// A cyclic program of steps that look at the pool: what a step asks for depends on what is free
/// or was just released, so one short program keeps its meaning while the pool grows.
///
/// Blocks are *kept* or *temporary*. When a request does not fit the budget, all temporary blocks
/// are released and the program starts over; a round that added no page ends the run. What is left
/// of the budget is then spent on requests above every hole.
struct MacroProgram: Hashable, Sendable {
  /// What a request's size is measured from.
  enum Measure: CaseIterable, Hashable, Sendable {
    /// One unit above the largest free block.
    case aboveLargest
    /// The free block that came into being last.
    case newestFree
    /// The block released last.
    case lastReleased
    /// The block requested last.
    case lastRequested
    /// The smallest block.
    case smallest
  }

  enum Step: Hashable, Sendable {
    /// Requests the measure plus `offset`, but at least the page shifted right by `floorShift`
    /// (no floor if that is 0); `keeps` blocks are never released.
    case request(Measure, offset: Int, floorShift: Int, keeps: Bool)
    /// Releases the temporary block requested `age` temporary blocks ago.
    case release(age: Int)
  }

  var steps: [Step]

  static let mostSteps = 12

  static func random(_ generator: inout SeededGenerator) -> MacroProgram {
    let count = generator.within(3...8)
    return MacroProgram(steps: (0..<count).map { _ in randomStep(&generator) })
  }

  static func randomStep(_ generator: inout SeededGenerator) -> Step {
    if generator.chance(2, in: 5) { return .release(age: generator.below(3)) }
    return .request(
      Measure.allCases[generator.below(Measure.allCases.count)], offset: generator.within(-3...3),
      floorShift: generator.below(4), keeps: generator.chance(1, in: 4))
  }

  /// Runs the program; stops after about `mostOperations`.
  func run<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, mostOperations: Int
  ) {
    var memory = Memory(trial.pool.geometry)
    var pagesAtRound = -1
    while trial.operations < mostOperations {
      let operationsBefore = trial.operations
      var fits = true
      for step in steps {
        fits = perform(step, &memory, &trial)
        if !fits { break }
      }
      if fits && trial.operations > operationsBefore { continue }
      memory.releaseTemporaries(&trial)
      if trial.pool.footprint.pagesHeld <= pagesAtRound { break }
      pagesAtRound = trial.pool.footprint.pagesHeld
    }
    memory.releaseTemporaries(&trial)
    while trial.allocate(units: trial.pool.largestFreeUnits + 1) != nil,
      trial.operations < 2 * mostOperations
    {}
  }

  /// What a run remembers.
  private struct Memory {
    var temporaries: [(block: BlockHandle, units: Int)] = []
    var lastReleased = 0
    var lastRequested = 0
    let smallest: Int
    let pageUnits: Int

    init(_ geometry: PoolGeometry) {
      smallest = geometry.smallestBlockUnits
      pageUnits = geometry.pageUnits
    }

    func units<Target: AllocatorTarget & ~Copyable>(
      of measure: Measure, _ pool: borrowing Target
    ) -> Int {
      switch measure {
      case .aboveLargest: pool.largestFreeUnits + 1
      case .newestFree: pool.newestFreeUnits
      case .lastReleased: lastReleased
      case .lastRequested: lastRequested
      case .smallest: smallest
      }
    }

    mutating func releaseTemporaries<Target: AllocatorTarget & ~Copyable>(
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

  mutating func mutate(_ generator: inout SeededGenerator) {
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

  /// The beginning of one program and the end of another.
  func crossed(with other: MacroProgram, _ generator: inout SeededGenerator) -> MacroProgram {
    let head = steps.prefix(generator.within(0...steps.count))
    let tail = other.steps.suffix(generator.within(0...other.steps.count))
    let joined = Array((head + tail).prefix(Self.mostSteps))
    return joined.isEmpty ? self : MacroProgram(steps: joined)
  }
}
