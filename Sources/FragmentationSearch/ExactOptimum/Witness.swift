import PoolBounds

/// Turns a path of canonical states back into operations, by trying on the abstract pool which
/// operation makes the next state. The solver and the pool share no code, so a path that cannot be
/// followed would be an error of one of them.
struct Witness {
  let layouts: PageLayouts
  let format: PageKeys
  let rules: PlacementRules

  /// Operations whose states are `path`; paths are a few dozen steps, so replaying each attempt
  /// from the start costs nothing.
  func operations(of path: [[UInt64]]) -> [PoolOperation] {
    var operations: [PoolOperation] = []
    for (previous, state) in zip(path, path.dropFirst()) {
      // In relaxed order any of the equal runs may be cut, at most a few in each page.
      let ranks = rules.remainderOrder == .relaxed ? previous.count * layouts.mostListedRuns : 0
      let next = candidates(after: operations, ranks: max(1, ranks)).first {
        self.state(after: operations + [$0]) == state
      }
      guard let next else {
        preconditionFailure("no operation leads to the solver's next state")
      }
      operations.append(next)
    }
    return operations
  }

  /// Every operation that could follow, releases first.
  private func candidates(after operations: [PoolOperation], ranks: Int) -> [PoolOperation] {
    var live: [Int] = []
    for operation in operations {
      switch operation {
      case .allocate(let slot, _, _): live.append(slot)
      case .free(let slot): live.removeAll { $0 == slot }
      }
    }
    let slot = (0...live.count).first { !live.contains($0) } ?? live.count
    let sizes = layouts.geometry.smallestBlockUnits...layouts.geometry.largestBlockUnits
    return live.map { .free(slot: $0) }
      + (0..<ranks).flatMap { rank in
        sizes.map { .allocate(slot: slot, units: $0, rank: rank) }
      }
  }

  private func state(after operations: [PoolOperation]) -> [UInt64] {
    var pool = AbstractPool(geometry: layouts.geometry, rules: rules)
    var handles: [Int: BlockHandle] = [:]
    for operation in operations { operation.apply(to: &pool, &handles) }
    return pool.canonicalKeys(layouts, format)
  }
}

extension AbstractPool {
  /// This pool as the solver writes it down: the sorted keys of its pages.
  func canonicalKeys(_ layouts: PageLayouts, _ format: PageKeys) -> [UInt64] {
    var places: [Int32: UInt64] = [:]
    if rules.remainderOrder != .relaxed {
      for size in 0...geometry.pageUnits {
        var block = lists.heads[size]
        var place: UInt64 = 0
        while block >= 0 {
          places[block] = place
          place += 1
          block = records[Int(block)].listNext
        }
      }
    }
    var keys: [UInt64] = []
    for page in 0..<pageCount where firstBlocks[page] >= 0 {
      var runs: [Int] = []
      var key: UInt64 = 0
      var run = 0
      var block = firstBlocks[page]
      while block >= 0 {
        let record = records[Int(block)]
        runs.append(record.isFree ? -Int(record.units) : Int(record.units))
        if record.state == .free {
          key |= (places[block] ?? 0) << format.shift(run)
          run += 1
        }
        block = record.right
      }
      keys.append(
        UInt64(layouts.number(of: runs) ?? PageLayouts.noLayout) << format.layoutShift | key)
    }
    return keys.sorted()
  }
}
