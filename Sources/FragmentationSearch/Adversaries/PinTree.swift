/// How one stretch of a page is cut at a level of the staircase.
///
/// At level b every free run of the pool is shorter than b. A stretch shorter than b may be left
/// free. A stretch of exactly b is held by a temporary block until the level is over. A longer one
/// is divided by a *pin*, a smallest block that stays: the two sides are cut in turn. The side
/// called `first` is the one that is requested, so it must have at least b units; the other may be
/// shorter. When the level has grown past the whole stretch, its pins are no longer needed.
indirect enum PinTree: Hashable, Sendable {
  /// Left free at once.
  case free(units: Int)
  /// Held until the level is over.
  case temporary(units: Int)
  /// Divided: `first`, `pin` units and `rest` fill the stretch.
  case divided(first: PinTree, pin: Int, rest: PinTree)

  var units: Int {
    switch self {
    case .free(let units), .temporary(let units): units
    case .divided(let first, let pin, let rest): first.units + pin + rest.units
    }
  }

  /// Calls `body` with the stretch and the pin of every division.
  func forEachPin(_ body: (_ stretch: Int, _ pin: Int) -> Void) {
    guard case .divided(let first, let pin, let rest) = self else { return }
    body(units, pin)
    first.forEachPin(body)
    rest.forEachPin(body)
  }

  /// Units that stay live after the level: those of the pins.
  var pinUnits: Int {
    var sum = 0
    forEachPin { sum += $1 }
    return sum
  }

  /// The dyadic cut of a stretch: in halves while both halves reach the level, at the level then.
  ///
  /// What is too short for any request beside the pin is added to the pin, which exact fits then
  /// place; nil if a stretch is longer than the level but has no room for a pin beside it.
  static func dyadic(stretch: Int, level: Int, smallest: Int) -> PinTree? {
    if stretch < level { return .free(units: stretch) }
    if stretch == level { return .temporary(units: stretch) }
    if stretch < level + smallest { return nil }
    let half = (stretch - smallest) / 2
    let firstUnits = half >= level ? half : level
    var rest = stretch - smallest - firstUnits
    var pin = smallest
    if rest < smallest {
      pin += rest
      rest = 0
    }
    guard let first = dyadic(stretch: firstUnits, level: level, smallest: smallest),
      let other = dyadic(stretch: rest, level: level, smallest: smallest)
    else { return nil }
    return .divided(first: first, pin: pin, rest: other)
  }
}
