import KernelPool
import struct PoolInvariants.TraceSlot
import PoolTrace

/// Replays a trace and judges it without the session's code: every request has the outcome that the
/// trace says, no operation is a no-op, and every figure is counted again.
struct IncidentReplay: ~Copyable {
  private(set) var replayer: Replayer
  /// What was wrong, in order.
  private(set) var problems: [String] = []
  /// Expectations about figures that were counted again.
  private(set) var figuresCounted = 0
  private var last: (operation: PoolTrace.Operation, result: StepResult)?
  private var isJudged = true
  /// Pages are counted after each operation only where the trace speaks of their peak.
  private let countsPeak: Bool
  private var bigPages = 0
  private var peakPages = 0

  /// Replays `operations`, with a bug planted where one is named. Replays that are to fail need not
  /// fill what they allocate.
  static func run(
    _ operations: [PoolTrace.Operation], mutant: Mutant = .none,
    fill: TraceConfiguration.Fill? = nil
  ) throws -> IncidentReplay {
    var configuration = IncidentFiles.configuration(operations) ?? TraceConfiguration()
    if let fill { configuration.fill = fill }
    let countsPeak = operations.contains { operation in
      guard case .expect(.metric(let name, _, _)) = operation else { return false }
      return name.hasSuffix(".peak_pages_held")
    }
    let replayer = try Replayer.boot(configuration, mutant: mutant)
    var replay = IncidentReplay(replayer: replayer, countsPeak: countsPeak)
    for operation in operations { replay.step(operation) }
    replay.judgeUnannounced()
    return replay
  }

  private init(replayer: consuming Replayer, countsPeak: Bool) {
    self.replayer = replayer
    self.countsPeak = countsPeak
  }

  var view: PoolView { replayer.pool.view }

  private mutating func step(_ operation: PoolTrace.Operation) {
    switch operation {
    case .config: return
    case .expect(let expectation): judge(expectation)
    default:
      judgeUnannounced()
      var before: TraceSlot?
      if case .free(let name, _) = operation { before = replayer.slots[name] }
      let result = replayer.step(operation)
      last = (operation, result)
      isJudged = false
      if countsPeak { countPages(operation, before, result) }
    }
  }

  /// A result that no expectation announced must be a plain success.
  private mutating func judgeUnannounced() {
    defer { isJudged = true }
    guard !isJudged, let last else { return }
    switch (last.operation, last.result) {
    case (.alloc, .allocated(let address)), (.contiguous, .allocated(let address)):
      if address % 8 != 0 { problems.append("\(last.operation): \(address) is not aligned") }
    case (.free, .freed): break
    default: problems.append("\(last.operation): \(last.result)")
    }
  }

  private mutating func judge(_ expectation: Expectation) {
    switch (expectation, last?.operation, last?.result) {
    case (.ok(let name), .alloc(let own, _, _, _), .allocated) where name == own: break
    case (.ok(let name), .contiguous(let own, _, _), .allocated) where name == own: break
    case (.null(let name), .alloc(let own, _, _, _), .null) where name == own: isJudged = true
    case (.raise(let status), _, .raised(let found)) where status == found: isJudged = true
    case (.metric(let name, .equal, let number), _, _):
      let figures = IncidentFigures(view, replayer.slots, peakPages: peakPages)
      figuresCounted += 1
      if figures[name].map(Double.init) != number.value {
        let found = figures[name].map { String($0) } ?? "not countable"
        problems.append("\(name) is \(found), not \(number)")
      }
    default: problems.append("\(expectation) after \(String(describing: last))")
    }
  }

  private mutating func countPages(
    _ operation: PoolTrace.Operation, _ before: TraceSlot?, _ result: StepResult
  ) {
    switch (operation, result) {
    case (.alloc(let name, _, _, _), .allocated), (.contiguous(let name, _, _), .allocated):
      bigPages += ownPages(replayer.slots[name])
    case (.free, .freed):
      bigPages -= ownPages(before)
    default: return
    }
    let pages = IncidentFigures.pagesHeld(view, bigPages: bigPages, isPaged: false)
    peakPages = max(peakPages, pages)
  }

  /// Whole pages of nonpaged pool that a slot holds.
  private func ownPages(_ slot: TraceSlot?) -> Int {
    guard let slot, view.region(of: slot.address)?.kind == .nonPaged else { return 0 }
    return IncidentFigures.bigPages(slot)
  }
}
