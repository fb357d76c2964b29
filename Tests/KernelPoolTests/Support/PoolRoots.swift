import KernelPool

/// What a pool keeps outside of its memory, as text to compare.
func poolRoots(_ pool: borrowing KernelPool) -> [String] {
  let view = pool.view
  var roots = ["\(view.variables)", "\(pool.halted as Any)"]
  roots += view.descriptors.map { "\($0)" }
  for owner in 0..<view.lookasideOwners {
    for kind in PoolKind.allCases {
      for units in 1...view.profile.lookasideClasses {
        roots.append("\(view.lookaside(owner: owner, kind: kind, units: units))")
      }
    }
  }
  return roots
}
