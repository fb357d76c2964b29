import PoolBounds

/// The program that reaches the most pages where exact fits are never taken: pages are closed to a
/// request of half a page, opened again, and closed once more beside new ones.
///
/// With s units the smallest block, H the smallest run that two sides of a pin need to reach and G
/// the other side, a page is *open* when only its start is pinned, `[#s .P-s]`, and *closed* when the
/// pin lies in the middle, `[.G #s .H]`. A closed page lets a request of H units pass, for a run of
/// exactly H serves nobody who asks for H. A page is closed with H units and two pins live in it, and
/// opened with one pin more; so in every cycle pages are taken at the same level as in the one before,
/// down to a slack of about half a page. The article "Bounds" proves that nothing reaches more with
/// remainders at the head, and with remainders at the tail one page more at most.
///
/// As long as the slack is several pages, a cycle makes new pages by a staircase, which spends the
/// slack by a share of it, not by a page at a time.
public struct ResetCycle: Adversary {
  /// The pool it is written for.
  public let geometry: PoolGeometry
  /// The policy it is written for.
  public let rules: PlacementRules
  /// The most units it ever has live.
  public let peakLiveUnits: Int

  /// A program for one pool and cap.
  public init(geometry: PoolGeometry, rules: PlacementRules, peakLiveUnits: Int) {
    self.geometry = geometry
    self.rules = rules
    self.peakLiveUnits = max(0, peakLiveUnits)
  }

  /// A short name for tables.
  public var name: String { "reset cycle" }

  /// The run behind a closed page's pin: the smallest request that closed pages let pass.
  var closingUnits: Int { (geometry.pageUnits - geometry.smallestBlockUnits + 1) / 2 }

  /// Where remainders go to the tail, a page is closed by way of a released run, which costs a unit.
  private var extraUnits: Int { rules.remainderOrder == .tail ? 1 : 0 }

  /// Whether blocks land where the program puts them.
  var isFeasible: Bool {
    let smallest = geometry.smallestBlockUnits
    let half = (geometry.pageUnits + 1) / 2
    let start = geometry.pageUnits - smallest - closingUnits
    return rules.exactFit == .never && rules.fit == .smallestList && rules.freedOrder == .head
      && start - extraUnits > smallest
      && geometry.largestBlockUnits >= max(half, closingUnits + extraUnits)
  }

  /// The most pages the pool will hold, worked out without running.
  public var predictedPages: Int? {
    guard isFeasible else { return nil }
    let smallest = geometry.smallestBlockUnits
    let most = (peakLiveUnits - closingUnits - extraUnits) / smallest
    return peakLiveUnits < smallest ? 0 : max(1, most)
  }

  /// Runs the program on an empty target; a staircase where the cycle does not fit the pool.
  public func run<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    guard isFeasible else {
      return Staircase.sixStepLoop(geometry: geometry, rules: rules, peakLiveUnits: peakLiveUnits)
        .run(on: &target)
    }
    guard peakLiveUnits >= geometry.smallestBlockUnits else { return }
    var work = ResetWork(self)
    work.takeFirstPage(on: &target)
    let closingPeak = closingUnits + 2 * geometry.smallestBlockUnits + extraUnits
    guard peakLiveUnits >= closingPeak else { return }
    work.closeAll(on: &target)
    while peakLiveUnits - target.footprint.liveUnits >= closingPeak {
      work.addPages(slack: peakLiveUnits - target.footprint.liveUnits, on: &target)
      work.closeAll(on: &target)
    }
    if target.footprint.liveUnits + closingUnits <= peakLiveUnits {
      _ = target.allocate(units: closingUnits)
    }
  }
}

/// The hands of a reset cycle. Every list that a request meets is a stack: a run that was released
/// last is the first of its list; so pages are taken up in the reverse order of their making.
private struct ResetWork {
  private let smallest: Int
  private let page: Int
  private let largest: Int
  private let closing: Int
  private let order: RemainderOrder
  /// The pins at the start of open pages.
  private var open: [BlockHandle] = []
  /// The pins in the middle of closed pages.
  private var closed: [BlockHandle] = []

  init(_ cycle: ResetCycle) {
    smallest = cycle.geometry.smallestBlockUnits
    page = cycle.geometry.pageUnits
    largest = cycle.geometry.largestBlockUnits
    closing = cycle.closingUnits
    order = cycle.rules.remainderOrder
  }

  mutating func takeFirstPage<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    open.append(target.allocate(units: smallest))
  }

  /// Closes every open page.
  mutating func closeAll<Target: AllocatorTarget & ~Copyable>(on target: inout Target) {
    while let startPin = open.popLast() {
      var far: BlockHandle
      if order == .tail {
        // The run of G must be a released one: a remainder would wait behind those of closed pages.
        far = target.allocate(units: closing + 1)
        let filler = target.allocate(units: smallest)
        target.free(far)
        far = target.allocate(units: closing)
        target.free(filler)
      } else {
        far = target.allocate(units: closing)
      }
      closed.append(target.allocate(units: smallest))
      target.free(far)
      target.free(startPin)
    }
  }

  /// Takes fresh pages while all others are closed, and opens all.
  mutating func addPages<Target: AllocatorTarget & ~Copyable>(
    slack: Int, on target: inout Target
  ) {
    var steps = climb(slack: slack, on: &target)
    let fronts = steps.isEmpty ? takeHalves(slack: slack, on: &target) : []
    // Pins of one unit more at the end tell new pages from old ones.
    var endPins: [BlockHandle] = []
    while let step = steps.popLast() {
      let front = target.allocate(units: step.level)
      endPins.append(target.allocate(units: smallest + 1))
      target.free(step.pin)
      target.free(front)
    }
    while let middlePin = closed.popLast() {
      open.append(target.allocate(units: smallest))
      target.free(middlePin)
    }
    for front in fronts {
      endPins.append(target.allocate(units: smallest + 1))
      target.free(front)
    }
    while let endPin = endPins.popLast() {
      open.append(target.allocate(units: smallest))
      target.free(endPin)
    }
  }

  /// Fresh pages by requests of half a page, in the order in which their remainders are found.
  private func takeHalves<Target: AllocatorTarget & ~Copyable>(
    slack: Int, on target: inout Target
  ) -> [BlockHandle] {
    let half = (page + 1) / 2
    let tail = order == .tail ? 1 : 0
    // The last page must be closed beside the other new ones.
    let closable = (slack - closing - smallest - tail) / smallest
    let count = min((slack - smallest - 1) / half, closable)
    // The remainder of a half must not be found before the start of a closed page.
    guard count > 1, page - half > page - smallest - closing else {
      return [target.allocate(units: closing)]
    }
    let fronts = (0..<count).map { _ in target.allocate(units: half) }
    return order == .tail ? fronts : fronts.reversed()
  }

  /// A page of a staircase: all its runs are at most one unit longer than its level.
  private struct Step {
    let level: Int
    let pin: BlockHandle
  }

  /// A staircase beside closed pages, every other level of it, so that no two runs that a cut is
  /// led by are as long as each other. Ends where the pages could not be opened any more.
  private func climb<Target: AllocatorTarget & ~Copyable>(
    slack: Int, on target: inout Target
  ) -> [Step] {
    var steps: [Step] = []
    let cap = target.footprint.liveUnits + slack
    // The first remainder must be shorter than the runs of closed pages.
    var level = closing + 1
    while page - smallest - level - 1 > smallest + 1, level + smallest <= largest {
      var fronts: [BlockHandle] = []
      while target.footprint.liveUnits + page <= cap,
        slack - (steps.count + 1) * (smallest + 1) >= page + smallest
      {
        let head = target.allocate(units: level + smallest)
        let rest = target.allocate(units: page - level - smallest - 1)
        target.free(head)
        fronts.append(target.allocate(units: level))
        steps.append(Step(level: level, pin: target.allocate(units: smallest)))
        target.free(rest)
      }
      for front in fronts { target.free(front) }
      level += 2
    }
    return steps
  }
}
