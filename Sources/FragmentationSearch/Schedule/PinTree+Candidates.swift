extension PinTree {
  /// Different ways to cut a stretch at a level, the dyadic one first where it exists; at most
  /// `limit` of them. Besides halving, a division may put the pin right behind a side that just
  /// reaches the level, or leave a side that is as long as it can be without reaching it.
  static func candidates(
    stretch: Int, level: Int, smallest: Int, limit: Int
  ) -> [PinTree] {
    if stretch < level { return [.free(units: stretch)] }
    if stretch == level { return [.temporary(units: stretch)] }
    let sides = stretch - smallest
    guard sides >= level else { return [] }
    let firsts = [sides / 2, sides - sides / 2, level, sides - level + 1, sides - level]
    var trees: [PinTree] = []
    for firstUnits in firsts where firstUnits >= level && firstUnits <= sides {
      var pin = smallest
      var restUnits = sides - firstUnits
      if restUnits < smallest {
        pin += restUnits
        restUnits = 0
      }
      let first = candidates(
        stretch: firstUnits, level: level, smallest: smallest, limit: limit)
      let rest = candidates(stretch: restUnits, level: level, smallest: smallest, limit: limit)
      for one in first {
        for other in rest {
          let tree = PinTree.divided(first: one, pin: pin, rest: other)
          if !trees.contains(tree) { trees.append(tree) }
          if trees.count == limit { return trees }
        }
      }
    }
    return trees
  }
}
