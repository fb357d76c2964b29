import PropertyTesting

/// A block allocator small enough to read: first fit, splitting, coalescing, lookaside lists.
///
/// Pages of 64 units are tiled by blocks. Blocks of 1 to 4 units are kept on a last-in first-out
/// list of their size when freed. Each planted bug breaks one of those mechanisms.
struct ToyPool: StateMachine {
  static let pageUnits = 64

  private let bug: ToyPoolBug
  private let depth: Int
  private var pages: [[Block]]
  private var cached: [[BlockName]] = Array(repeating: [], count: 5)
  private var owned: [Slot: BlockName] = [:]
  private var usedUnits = 0

  init(configuration: ToyPoolConfiguration) {
    bug = configuration.bug
    depth = Int(configuration.depth)
    let page = [Block(start: 0, units: Self.pageUnits, state: .free)]
    pages = Array(repeating: page, count: Int(configuration.pages))
  }

  mutating func perform(
    _ operation: ToyPoolOperation, _ violations: inout [ToyPoolViolation]
  ) -> StepEffect {
    switch operation {
    case .alloc(let slot, let units): allocate(slot, Int(units), &violations)
    case .free(let slot): release(slot, &violations)
    }
  }

  static func identity(
    of violation: ToyPoolViolation, after operation: ToyPoolOperation?
  ) -> FailureIdentity {
    FailureIdentity("\(violation) after \(operation?.name ?? "the end")")
  }
}

// MARK: Operations

extension ToyPool {
  private mutating func allocate(
    _ slot: Slot, _ units: Int, _ violations: inout [ToyPoolViolation]
  ) -> StepEffect {
    if units < cached.count, let name = cached[units].popLast() {
      let block = pages[name.page].firstIndex { $0.start == name.start }
      guard let block else {
        violations.append(.lostBlock)
        return .refused
      }
      return take(slot, name.page, block)
    }
    for page in pages.indices {
      let fit = pages[page].firstIndex { $0.state == .free && $0.units >= units }
      guard let fit else { continue }
      split(page, fit, units)
      return take(slot, page, fit)
    }
    return .refused
  }

  private mutating func split(_ page: Int, _ index: Int, _ units: Int) {
    let block = pages[page][index]
    let rest = block.units - units
    pages[page][index].units = units
    guard rest > 0, !(bug == .splitLosesUnit && rest == 1) else { return }
    let remainder = Block(start: block.start + units, units: rest, state: .free)
    pages[page].insert(remainder, at: index + 1)
  }

  private mutating func take(_ slot: Slot, _ page: Int, _ index: Int) -> StepEffect {
    pages[page][index].state = .used
    usedUnits += pages[page][index].units
    owned[slot] = BlockName(page: page, start: pages[page][index].start)
    return .performed
  }

  private mutating func release(
    _ slot: Slot, _ violations: inout [ToyPoolViolation]
  ) -> StepEffect {
    guard let name = owned.removeValue(forKey: slot),
      let index = pages[name.page].firstIndex(where: { $0.start == name.start })
    else {
      violations.append(.lostBlock)
      return .performed
    }
    let units = pages[name.page][index].units
    usedUnits -= units
    if units < cached.count, cached[units].count < (bug == .oneTooDeep ? depth + 1 : depth) {
      let isMisfiled = bug == .wrongClass && units == 4 && !cached[4].isEmpty
      cached[isMisfiled ? 3 : units].append(name)
      pages[name.page][index].state = .cached
    } else {
      pages[name.page][index].state = .free
      coalesce(name.page, index)
    }
    return .performed
  }

  private mutating func coalesce(_ page: Int, _ index: Int) {
    let units = pages[page][index].units
    var index = index
    var mergedSides = 0
    if index + 1 < pages[page].count {
      let next = pages[page][index + 1]
      let swallowsUsed = bug == .swallowsUsed && units == 5 && next.units == 7
      if next.state == .free || (swallowsUsed && next.state == .used) {
        pages[page][index].units += next.units
        pages[page].remove(at: index + 1)
        mergedSides += 1
      }
    }
    if index > 0, pages[page][index - 1].state == .free {
      if bug == .forgetsPrevious && pages[page][index - 1].units == units { return }
      index -= 1
      pages[page][index].units += pages[page][index + 1].units
      pages[page].remove(at: index + 1)
      mergedSides += 1
    }
    if bug == .counterDrift, mergedSides == 2 { usedUnits += 1 }
  }
}

// MARK: Invariants

extension ToyPool {
  mutating func check(_ violations: inout [ToyPoolViolation]) {
    var usedCount = 0
    var recount = 0
    for page in pages {
      var end = 0
      var isAfterFree = false
      for block in page {
        if block.start != end { violations.append(.pageNotTiled) }
        if isAfterFree, block.state == .free { violations.append(.freeNeighbours) }
        isAfterFree = block.state == .free
        end = block.start + block.units
        if block.state == .used {
          usedCount += 1
          recount += block.units
        }
      }
      if end != Self.pageUnits { violations.append(.pageNotTiled) }
    }
    if cached.contains(where: { $0.count > depth }) { violations.append(.listTooDeep) }
    for (units, list) in cached.enumerated() {
      for name in list where block(name)?.units != units { violations.append(.wrongList) }
    }
    if usedCount != owned.count { violations.append(.lostBlock) }
    if recount != usedUnits { violations.append(.wrongCount) }
  }

  private func block(_ name: BlockName) -> Block? {
    pages[name.page].first { $0.start == name.start }
  }
}

private struct Block {
  enum State { case free, used, cached }
  var start: Int
  var units: Int
  var state: State
}

private struct BlockName {
  var page: Int
  var start: Int
}

extension ToyPool: RewindableMachine {}

/// The bugs that can be planted in a toy pool.
enum ToyPoolBug: Int, CaseIterable, Sendable {
  case none
  /// A remainder of one unit vanishes.
  case splitLosesUnit
  /// A free neighbour in front is left alone when it has the size of the freed block.
  case forgetsPrevious
  /// A used block of 7 units is taken for free when the 5 units in front of it are freed.
  case swallowsUsed
  /// A lookaside list takes one block more than its depth.
  case oneTooDeep
  /// A second block of 4 units goes to the list of 3.
  case wrongClass
  /// Coalescing with both neighbours miscounts.
  case counterDrift
}

/// What can be wrong with a toy pool.
enum ToyPoolViolation: Sendable {
  case pageNotTiled, freeNeighbours, listTooDeep, wrongList, lostBlock, wrongCount
}

/// The bug is no parameter: a shrinker must not be able to remove it.
struct ToyPoolConfiguration: MachineConfiguration, LosslessStringConvertible {
  var bug = ToyPoolBug.none
  var pages: UInt64 = 3
  var depth: UInt64 = 3

  init() {}

  init(bug: ToyPoolBug, pages: UInt64 = 3, depth: UInt64 = 3) {
    self.bug = bug
    self.pages = pages
    self.depth = depth
  }

  init?(_ description: String) {
    let numbers = description.split(separator: " ").compactMap { UInt64($0) }
    guard numbers.count == 3, let bug = ToyPoolBug(rawValue: Int(numbers[0])) else { return nil }
    self.init(bug: bug, pages: numbers[1], depth: numbers[2])
  }

  var description: String { "\(bug.rawValue) \(pages) \(depth)" }

  var parameters: [Parameter] {
    [
      Parameter(role: 0, value: pages, origin: 3),
      Parameter(role: 1, value: depth, origin: 3),
    ]
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard value <= 8, index == 1 || value > 0 else { return nil }
    var copy = self
    if index == 0 { copy.pages = value } else { copy.depth = value }
    return copy
  }
}
