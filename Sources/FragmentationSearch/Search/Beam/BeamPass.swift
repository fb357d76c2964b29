/// One pass of a beam search: from the empty pool level by level upwards, at each level the most
/// valuable states, from each of them a round of every program.
///
/// Levels take the place of depths: states of unequal level are no rivals, for the value of a low
/// level is a promise and that of a high one is paid.
struct BeamPass<Target: AllocatorTarget & ~Copyable> {
  /// What a pass came to.
  struct Result: Sendable {
    /// The rounds of the best state, as numbers of programs.
    var rounds: [Int] = []
    /// Its pages, the requests of the end included.
    var pages = 0
    /// Operations simulated.
    var operations = 0
  }

  private let question: SearchQuestion
  private let programs: [MacroProgram]
  private let width: Int
  private let value: LevelValue
  private let roundOperations: Int
  private var steps: [(parent: Int, program: Int)] = []
  private var levels: [[State]]
  private var result = Result()
  private var bestStep = -1

  /// A state that waits to be extended. A reference, for arrays hold no allocators.
  private final class State {
    let trial: Trial<Target>
    let step: Int
    let value: Double
    var footprint: Footprint { trial.pool.footprint }

    init(_ trial: consuming Trial<Target>, step: Int, value: Double) {
      self.trial = trial
      self.step = step
      self.value = value
    }
  }

  /// - Parameters:
  ///   - programs: what a round can be.
  ///   - width: states kept at each level, at least 1.
  init(
    _ question: SearchQuestion, _ programs: [MacroProgram], width: Int, value: LevelValue
  ) {
    self.question = question
    self.programs = programs
    self.width = max(1, width)
    self.value = value
    roundOperations = MacroRounds.roundOperations(question.peakLiveUnits)
    levels = Array(repeating: [], count: question.geometry.pageUnits + 2)
  }

  /// Goes through the levels; simulates about `mostOperations` at most.
  mutating func run(on target: consuming Target, mostOperations: Int) -> Result {
    let empty = Trial(question, on: target, recording: .off)
    levels[0] = [State(empty, step: -1, value: 0)]
    for level in levels.indices {
      let states = levels[level]
      levels[level] = []
      for state in states where result.operations < mostOperations {
        for program in programs.indices { extend(state, program) }
      }
    }
    var step = bestStep
    while step >= 0 {
      result.rounds.append(steps[step].program)
      step = steps[step].parent
    }
    result.rounds.reverse()
    return result
  }

  private mutating func extend(_ state: State, _ program: Int) {
    guard let pool = state.trial.pool.duplicate() else { return }
    var trial = Trial(question, on: pool, recording: .off)
    var memory = MacroProgram.Memory(question.geometry)
    programs[program].runRound(&trial, &memory, mostOperations: roundOperations)
    result.operations += max(1, trial.operations)
    let footprint = trial.pool.footprint
    let level = trial.pool.largestFreeUnits + 1
    // A round must win pages and raise the level, or it would be made for ever.
    guard footprint.pagesHeld > state.footprint.pagesHeld,
      level > state.trial.pool.largestFreeUnits + 1
    else { return }
    offer(trial, level, parent: state.step, program)
  }

  private mutating func offer(
    _ trial: consuming Trial<Target>, _ level: Int, parent: Int, _ program: Int
  ) {
    let footprint = trial.pool.footprint
    let slack = question.peakLiveUnits - footprint.liveUnits
    let worth = value.pages(held: footprint.pagesHeld, slackUnits: slack, level: level)
    let last = max(level, question.geometry.smallestBlockUnits)
    let pages =
      footprint.pagesHeld + (last <= question.geometry.largestBlockUnits ? slack / last : 0)
    let isRecord = pages > result.pages
    let rivals = levels[level]
    let isNew = !rivals.contains {
      $0.footprint.pagesHeld == footprint.pagesHeld && $0.footprint.liveUnits == footprint.liveUnits
    }
    let isWorthy = isNew && (rivals.count < width || worth > (rivals.last?.value ?? 0))
    guard isRecord || isWorthy else { return }
    steps.append((parent, program))
    if isRecord {
      result.pages = pages
      bestStep = steps.count - 1
    }
    guard isWorthy else { return }
    let place = rivals.firstIndex { $0.value < worth } ?? rivals.count
    levels[level].insert(State(trial, step: steps.count - 1, value: worth), at: place)
    if levels[level].count > width { levels[level].removeLast() }
  }
}
