import PoolBounds

/// What a late staircase does level by level: which cut, and how many pages of it with early and
/// with late pins. Worked out by arithmetic alone, before anything runs.
public struct LateStaircasePlan: Sendable, Hashable {
  /// One level.
  struct Step: Sendable, Hashable {
    /// All free runs are shorter than this when the step begins.
    let level: Int
    /// The cut of each page.
    let tree: PinTree
    /// Pages that get all their pins when they are made.
    let early: Int
    /// Pages whose last pins are set only when the level is full.
    let late: Int
    /// Whether pages for which there is no room are cut by a walk, not bridged.
    let walks: Bool
  }

  /// In order of levels.
  var steps: [Step] = []
  /// Pages at the end, the last requests included.
  var pages = 0

  /// A cut at a level, and how many pages fewer than fit.
  struct Cut: Sendable {
    let level: Int
    let cut: LateCut
    var fewer = 0
  }

  /// The plan that makes as many pages at each level as `cuts` say.
  init(
    geometry: PoolGeometry, peakLiveUnits: Int, cuts: [Cut], lastRequestUnits: Int?
  ) {
    var ledger = LateStaircaseLedger(geometry: geometry, peakLiveUnits: peakLiveUnits)
    for cut in cuts {
      let counts = ledger.take(level: cut.level, cut: cut.cut, fewer: cut.fewer)
      guard counts.early + counts.late > 0 else { continue }
      steps.append(
        Step(
          level: cut.level, tree: cut.cut.tree, early: counts.early, late: counts.late,
          walks: counts.walks))
    }
    pages = ledger.pages
    if let lastRequestUnits { pages += max(0, ledger.slackUnits) / lastRequestUnits }
  }
}
