import PoolBounds

/// The arithmetic of a staircase: pages and live units level by level, without any pool.
struct StaircaseForecast {
  let geometry: PoolGeometry
  let peakLiveUnits: Int
  private(set) var pages = 0
  private(set) var level = 0
  /// Units of pins by the stretch they divide.
  private var pinUnits: [Int]
  private var temporaryUnits = 0
  private var livePinUnits = 0

  init(geometry: PoolGeometry, peakLiveUnits: Int) {
    self.geometry = geometry
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

  /// Makes pages of one cost at a level, at most `mostPages`; gives how many. A page is all live for
  /// a moment, or as many units of it as `walkingUnits` says; so the last one needs so much slack
  /// whatever it costs afterwards.
  @discardableResult
  mutating func take(
    _ cost: StaircasePlan.PageCost, level: Int, mostPages: Int, walkingUnits: Int? = nil
  ) -> Int {
    begin(level: level)
    let room = slackUnits - min(geometry.pageUnits, walkingUnits ?? geometry.pageUnits)
    guard room >= 0, mostPages > 0 else { return 0 }
    let pins = cost.pinUnits
    let count = min(mostPages, room / (cost.temporaryUnits + pins) + 1)
    pages += count
    temporaryUnits += count * cost.temporaryUnits
    livePinUnits += count * pins
    for pin in cost.pins { pinUnits[pin.stretch] += count * pin.units }
    return count
  }

  /// Pages at the end, after the remaining budget went into blocks larger than any hole.
  mutating func finish(lastRequestUnits: Int?) -> Int {
    temporaryUnits = 0
    guard let lastRequestUnits else { return pages }
    return pages + max(0, slackUnits) / lastRequestUnits
  }
}
