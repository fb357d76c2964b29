import PoolBounds

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
