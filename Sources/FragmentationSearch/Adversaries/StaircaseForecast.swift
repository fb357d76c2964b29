/// The arithmetic of a staircase: pages and live units level by level, without any pool.
struct StaircaseForecast {
  let geometry: PoolGeometry
  let exactFit: ExactFit
  let peakLiveUnits: Int
  private(set) var pages = 0
  private(set) var level = 0
  /// Units of pins by the stretch they divide.
  private var pinUnits: [Int]
  private var temporaryUnits = 0
  private var livePinUnits = 0

  init(geometry: PoolGeometry, exactFit: ExactFit, peakLiveUnits: Int) {
    self.geometry = geometry
    self.exactFit = exactFit
    self.peakLiveUnits = peakLiveUnits
    pinUnits = Array(repeating: 0, count: geometry.pageUnits + 1)
  }

  /// Units that may still become live.
  var slackUnits: Int { peakLiveUnits - livePinUnits - temporaryUnits }

  /// Ends the level before, if `level` is a new one: temporaries go, and outgrown pins.
  mutating func begin(level newLevel: Int) {
    guard newLevel > level else { return }
    temporaryUnits = 0
    for stretch in level..<newLevel {
      livePinUnits -= pinUnits[stretch]
      pinUnits[stretch] = 0
    }
    level = newLevel
  }

  /// Makes the pages of a step; gives how many. A page is all live for a moment, so the last one
  /// needs a whole page of slack whatever it costs afterwards.
  @discardableResult
  mutating func take(_ step: StaircasePlan.Step) -> Int {
    begin(level: step.level)
    let pins = step.tree.pinUnits
    let temporaries = step.tree.temporaryUnits(exactFit, block: geometry.pageUnits)
    let cost = temporaries + pins
    let room = slackUnits - geometry.pageUnits
    let count = room < 0 ? 0 : min(step.mostPages, room / cost + 1)
    guard count > 0 else { return 0 }
    pages += count
    temporaryUnits += count * temporaries
    livePinUnits += count * pins
    step.tree.forEachPin { stretch, pin in pinUnits[stretch] += count * pin }
    return count
  }

  /// Pages at the end, after the remaining budget went into blocks larger than any hole.
  mutating func finish(lastRequestUnits: Int?) -> Int {
    temporaryUnits = 0
    guard let lastRequestUnits else { return pages }
    return pages + max(0, slackUnits) / lastRequestUnits
  }
}
