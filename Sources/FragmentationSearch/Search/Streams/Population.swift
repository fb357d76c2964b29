import PoolBounds

/// The candidates that a stream breeds from, and the rule by which they come and go.
struct Population<G: Genome>: Sendable {
  /// The rules. One population, one table of them, so that they differ in nothing else.
  enum Rule: Sendable, Hashable {
    /// Every candidate is new.
    case random
    /// One parent, one child; the child takes the parent's place if it is no worse: (1+1).
    case onePlusOne
    /// Tournaments in a steady population of so many. When `patience` children in a row have not
    /// improved on the population's best it begins anew; the best of all is not forgotten.
    case tournaments(size: Int, patience: Int)
    /// The best of each kind of behaviour: MAP-Elites (Mouret and Clune 2015), parents by
    /// tournaments. The first `founders` are drawn at random.
    case elites(founders: Int)
  }

  struct Member: Sendable, Hashable {
    var genome: G
    var outcome: SearchOutcome
  }

  let rule: Rule
  private let geometry: PoolGeometry
  private(set) var members: [Member] = []
  /// The best of all, whether still a member or not.
  private(set) var best: Member?
  /// Where each cell's elite stands among the members.
  private var places: [ArchiveCell: Int] = [:]
  private var bestPagesHere = -1
  private var childrenSince = 0
  private var born = 0

  init(_ rule: Rule, _ geometry: PoolGeometry) {
    self.rule = rule
    self.geometry = geometry
  }

  // MARK: Births

  /// The next candidate to try.
  func child(_ question: SearchQuestion, _ generator: inout SeededGenerator) -> G {
    switch rule {
    case .random: return G.random(question, &generator)
    case .onePlusOne:
      guard var child = members.first?.genome else { return G.random(question, &generator) }
      child.mutate(question, &generator)
      return child
    case .tournaments(let size, _):
      guard members.count >= size else { return G.random(question, &generator) }
      return offspring(question, &generator)
    case .elites(let founders):
      guard born >= founders, !members.isEmpty else { return G.random(question, &generator) }
      return offspring(question, &generator)
    }
  }

  private func offspring(
    _ question: SearchQuestion, _ generator: inout SeededGenerator
  ) -> G {
    let parents = (winner(&generator), winner(&generator))
    var child = members[parents.0].genome
    if generator.chance(1, in: 3) {
      child = child.crossed(with: members[parents.1].genome, &generator)
    }
    child.mutate(question, &generator)
    return child
  }

  /// A member that has won a tournament; nil if there is none.
  func draw(_ generator: inout SeededGenerator) -> G? {
    members.isEmpty ? nil : members[winner(&generator)].genome
  }

  private func winner(_ generator: inout SeededGenerator) -> Int {
    let contestants = (0..<3).map { _ in generator.below(members.count) }
    return contestants.max { members[$0].outcome.pages < members[$1].outcome.pages } ?? 0
  }

  private func loser(_ generator: inout SeededGenerator) -> Int {
    let contestants = (0..<3).map { _ in generator.below(members.count) }
    return contestants.min { members[$0].outcome.pages < members[$1].outcome.pages } ?? 0
  }

  // MARK: Places

  /// Takes a tried candidate in, if the rule says so.
  ///
  /// True if it has a place of its own now.
  @discardableResult
  mutating func take(_ member: Member, _ generator: inout SeededGenerator) -> Bool {
    born += 1
    if best.map({ member.outcome.isBetter(than: $0.outcome) }) ?? true { best = member }
    switch rule {
    case .random: members = best.map { [$0] } ?? []
    case .onePlusOne:
      if members.isEmpty || member.outcome.pages >= members[0].outcome.pages { members = [member] }
    case .tournaments(let size, let patience):
      let hasPlace = takePlace(member, size, &generator)
      notePatience(member, patience)
      return hasPlace
    case .elites: return fileInCell(member)
    }
    return members.first == member
  }

  private mutating func takePlace(
    _ member: Member, _ size: Int, _ generator: inout SeededGenerator
  ) -> Bool {
    guard members.count >= size else {
      members.append(member)
      return true
    }
    let place = loser(&generator)
    guard member.outcome.pages >= members[place].outcome.pages,
      !members.contains(where: { $0.genome == member.genome })
    else { return false }
    members[place] = member
    return true
  }

  private mutating func notePatience(_ member: Member, _ patience: Int) {
    childrenSince += 1
    if member.outcome.pages > bestPagesHere {
      bestPagesHere = member.outcome.pages
      childrenSince = 0
    } else if childrenSince > patience {
      members.removeAll(keepingCapacity: true)
      bestPagesHere = -1
      childrenSince = 0
    }
  }

  private mutating func fileInCell(_ member: Member) -> Bool {
    let cell = ArchiveCell(member.outcome, geometry)
    guard let place = places[cell] else {
      places[cell] = members.count
      members.append(member)
      return true
    }
    guard member.outcome.isBetter(than: members[place].outcome) else { return false }
    members[place] = member
    return true
  }

  /// Takes candidates in that are no children; a population without cells keeps their best.
  mutating func welcome(_ strangers: [Member], _ generator: inout SeededGenerator) {
    for stranger in strangers { take(stranger, &generator) }
  }

  // MARK: State

  /// The counters, which a state file keeps with the members.
  var counters: [Int] {
    get { [bestPagesHere, childrenSince, born] }
    set { (bestPagesHere, childrenSince, born) = (newValue[0], newValue[1], newValue[2]) }
  }

  /// Puts saved members back in their order; false, and nothing changed, where the counters are none.
  mutating func restore(members: [Member], best: Member?, counters: [Int]) -> Bool {
    guard counters.count == 3, counters.dropFirst().allSatisfy({ $0 >= 0 }) else { return false }
    self.members = members
    self.best = best
    self.counters = counters
    places = [:]
    guard case .elites = rule else { return true }
    for (place, member) in members.enumerated() {
      places[ArchiveCell(member.outcome, geometry)] = place
    }
    return true
  }
}

/// The kind of behaviour a run showed; an archive keeps the best run of each kind.
public struct ArchiveCell: Sendable, Hashable, Comparable {
  /// The largest free block at the end, in sixteenths of a page, 0...16.
  let largestFree: Int
  /// The share of pages with a single live block, in eighths, 0...8.
  let pinnedShare: Int
  /// Live blocks in a page on average: the binary digits of that number, 0...16.
  let blocksPerPage: Int

  /// The cell of an outcome.
  public init(_ outcome: SearchOutcome, _ geometry: PoolGeometry) {
    largestFree = outcome.largestFreeUnits * 16 / geometry.pageUnits
    let pages = max(1, outcome.finalPages)
    pinnedShare = outcome.pinnedPages * 8 / pages
    blocksPerPage = Int.bitWidth - (outcome.liveBlocks / pages).leadingZeroBitCount
  }

  /// A name for files: `hole-8_pinned-8_blocks-1`.
  public var name: String { "hole-\(largestFree)_pinned-\(pinnedShare)_blocks-\(blocksPerPage)" }

  /// In the order of the fields.
  public static func < (first: ArchiveCell, second: ArchiveCell) -> Bool {
    (first.largestFree, first.pinnedShare, first.blocksPerPage)
      < (second.largestFree, second.pinnedShare, second.blocksPerPage)
  }
}
