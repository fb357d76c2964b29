import Synchronization

/// Hands out the branches of a tree of traces to the walks that share it.
///
/// All walks come by the branches in the same order, and each takes the one whose number it drew:
/// numbers only grow, so that nobody has passed by what it draws, and every branch is one walk's.
final class ScopeBranches: Sendable {
  private let next = Atomic(0)

  /// The next branch that nobody has.
  func draw() -> Int { next.add(1, ordering: .relaxed).oldValue }
}

/// A walk over the tree of small traces, depth first, with one machine for each depth; where it is
/// one of several, over its share of the branches.
struct ScopeWalk<Machine: RewindableMachine & ~Copyable>: ~Copyable {
  typealias Configuration = Machine.Configuration
  typealias Operation = Machine.Operation

  private(set) var report = SmallScopeReport<Configuration, Operation>()
  private let configuration: Configuration
  private let templates: [Operation]
  private let limit: Int
  private let executionLimit: Int
  private let isInterrupted: () -> Bool
  private let checksEnd: Bool
  /// One machine for each depth, and one that is used up by each end of a run.
  private let machines: UnsafeMutablePointer<Machine>
  private var occupancies: [SlotOccupancy]
  private var operations: [Operation] = []
  private var executionCount = 0
  /// Operations that all walks execute; what may stand behind them are the branches.
  private let stemLength: Int
  /// Whether this walk reports of the stem.
  private let reportsStem: Bool
  private let branches: ScopeBranches
  private var branchesSeen = 0
  private var branch: Int

  /// Longest stem: it is executed once for each walk, and makes hundreds of branches.
  private static var mostStemOperations: Int { 2 }

  init(
    _ scope: SmallScope<Configuration, Operation>, limit: Int, checksEnd: Bool,
    branches: ScopeBranches, reportsStem: Bool
  ) {
    self.branches = branches
    self.reportsStem = reportsStem
    stemLength = max(min(Self.mostStemOperations, limit - 1), 0)
    branch = branches.draw()
    configuration = scope.configuration
    templates = scope.templates
    executionLimit = scope.executionLimit
    isInterrupted = scope.isInterrupted
    self.limit = limit
    self.checksEnd = checksEnd
    machines = .allocate(capacity: limit + 2)
    for depth in 0..<limit + 2 {
      (machines + depth).initialize(to: Machine(configuration: scope.configuration))
    }
    occupancies = Array(repeating: SlotOccupancy(), count: limit + 1)
    report.executionCounts = Array(repeating: 0, count: limit)
  }

  deinit {
    machines.deinitialize(count: limit + 2)
    machines.deallocate()
  }

  /// Visits everything below the empty trace.
  mutating func run() {
    guard limit > 0 else { return }
    visit(ScopeLevel(live: [], usedCount: 0, templates: templates), depth: 0)
  }

  /// Tries everything that may follow the operations so far.
  private mutating func visit(_ level: ScopeLevel<Operation>, depth: Int) {
    var level = level
    for choice in level.alternatives.indices {
      guard executionCount < executionLimit, !isInterrupted() else {
        report.isComplete = false
        return
      }
      guard depth != stemLength || takesBranch() else { continue }
      level.choice = choice
      operations.append(level.operation)
      defer { operations.removeLast() }
      guard perform(level.operation, depth: depth), depth + 1 < limit else { continue }
      visit(level.next(templates), depth: depth + 1)
    }
  }

  /// Whether the branch that the walk comes by is its own.
  private mutating func takesBranch() -> Bool {
    defer { branchesSeen += 1 }
    guard branchesSeen == branch else { return false }
    branch = branches.draw()
    return true
  }

  /// Executes one operation on a copy of the machine before it; false where nothing need follow: it
  /// failed, or was skipped.
  private mutating func perform(_ operation: Operation, depth: Int) -> Bool {
    let next = depth + 1
    machines[next].become(machines[depth])
    occupancies[next] = occupancies[depth]
    var violations: [Machine.Violation] = []
    let effect = TraceRunner<Machine>.perform(
      operation, on: &machines[next], &occupancies[next], &violations)
    if effect == .skipped { return false }
    let isReported = depth >= stemLength || reportsStem
    if isReported { report.executionCounts[depth] += 1 }
    executionCount += 1
    if violations.isEmpty { machines[next].check(&violations) }
    if !violations.isEmpty {
      if isReported { note(violations, after: operation) }
      return false
    }
    guard checksEnd, isReported else { return true }
    machines[limit + 1].become(machines[next])
    machines[limit + 1].finish(&violations)
    if !violations.isEmpty { note(violations, after: nil) }
    return true
  }

  private mutating func note(_ violations: [Machine.Violation], after operation: Operation?) {
    let trace = Trace(configuration: configuration, operations: operations)
    for violation in violations {
      report.note(Machine.identity(of: violation, after: operation), trace)
    }
  }
}

/// One position of a trace under enumeration: what may stand there, and what stands there now.
struct ScopeLevel<Operation: SlotOperation> {
  /// The live slots before the operation, in order of creation.
  let live: [Slot]
  /// Slots below this were created before the operation.
  let usedCount: Int
  /// What may stand here, each once up to the names of slots.
  let alternatives: [Operation]
  /// What stands here now.
  var choice = 0

  init(live: [Slot], usedCount: Int, templates: [Operation]) {
    self.live = live
    self.usedCount = usedCount
    alternatives = templates.flatMap { Self.instances(of: $0, live, usedCount) }
  }

  var operation: Operation { alternatives[choice] }

  /// The level after the operation that stands here.
  func next(_ templates: [Operation]) -> ScopeLevel { after(operation, templates) }

  /// The level after any operation that could stand here.
  func after(_ operation: Operation, _ templates: [Operation]) -> ScopeLevel {
    var live = self.live
    var used = usedCount
    operation.slots.forEach { use in
      switch use.effect {
      case .creates:
        live.append(use.slot)
        used = max(used, use.slot.number + 1)
      case .destroys: live.removeAll { $0 == use.slot }
      case .uses, .mentions: break
      }
    }
    return ScopeLevel(live: live, usedCount: used, templates: templates)
  }

  /// A template with its slots replaced in every way that means something here: a creation takes
  /// the next slot that was never used, a use any live one, a mention any that was ever used.
  private static func instances(
    of template: Operation, _ live: [Slot], _ usedCount: Int
  ) -> [Operation] {
    func slots(for use: SlotUse) -> [Slot] {
      switch use.effect {
      case .creates: Slot(exactly: usedCount).map { [$0] } ?? []
      case .uses, .destroys: live
      case .mentions: (0..<usedCount).map { Slot($0) }
      }
    }
    guard let first = template.slots.first else { return [template] }
    guard let second = template.slots.second else {
      return slots(for: first).map { slot in template.renamingSlots { _ in slot } }
    }
    return slots(for: first).flatMap { left in
      slots(for: second).filter { $0 != left }.map { right in
        template.renamingSlots { $0 == first.slot ? left : right }
      }
    }
  }
}
