import PoolWalk

/// What one character of a strip stands for.
enum CellState: Int, CaseIterable, Sendable {
  case allocated
  /// Some of the units allocated, others not.
  case partlyAllocated
  case free
  case lookaside
  case deferred
  case orphan
  case large
  case fragment
  case table
  case kept
  /// Behind the place where the chain of blocks breaks.
  case unknown

  init(_ state: BlockState) {
    switch state {
    case .allocated: self = .allocated
    case .free: self = .free
    case .orphan: self = .orphan
    case .lookaside: self = .lookaside
    case .deferred: self = .deferred
    case .fragment: self = .fragment
    }
  }

  /// One state for several units. The rarest wins, because a map is read to find the odd block;
  /// allocated and other units together are partly allocated.
  static func joined(_ states: Set<CellState>) -> CellState {
    for rare in [CellState.unknown, .orphan, .fragment, .deferred, .lookaside]
    where states.contains(rare) {
      return rare
    }
    if states.contains(.allocated) { return states.count == 1 ? .allocated : .partlyAllocated }
    return states.min { $0.rawValue < $1.rawValue } ?? .unknown
  }

  /// The character.
  func symbol(_ symbols: PageMapOptions.Symbols) -> Character {
    let row = Self.appearance[rawValue]
    return symbols == .ascii ? row.ascii : row.unicode
  }

  /// The parameter of the terminal's colour sequence; nil for the terminal's own colour.
  var colour: String? { Self.appearance[rawValue].colour }

  /// What the legend says.
  var name: String { Self.appearance[rawValue].name }

  private struct Appearance {
    let ascii: Character
    let unicode: Character
    let colour: String?
    let name: String
  }

  private static let appearance: [Appearance] = [
    Appearance(ascii: "#", unicode: "█", colour: nil, name: "allocated"),
    Appearance(ascii: "+", unicode: "▓", colour: nil, name: "partly allocated"),
    Appearance(ascii: ".", unicode: "·", colour: "2", name: "free"),
    Appearance(ascii: "l", unicode: "░", colour: "36", name: "on a lookaside list"),
    Appearance(ascii: "d", unicode: "▒", colour: "35", name: "deferred free"),
    Appearance(ascii: "o", unicode: "▫", colour: "33", name: "too small for a list"),
    Appearance(ascii: "=", unicode: "═", colour: "34", name: "large"),
    Appearance(ascii: "F", unicode: "╫", colour: "31", name: "Frag"),
    Appearance(ascii: "T", unicode: "▤", colour: "2", name: "kernel's table"),
    Appearance(ascii: "k", unicode: "┄", colour: "2", name: "kept for reuse"),
    Appearance(ascii: "?", unicode: "?", colour: "31", name: "chain broken"),
  ]
}
