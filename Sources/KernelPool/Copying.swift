// A pool owns its memory and cannot be copied as a value. An enumeration of traces needs copies all
// the same, of one configuration and thousands a second: so one pool takes over the state of another.

extension KernelPool {
  /// Becomes what `other` is. Both must have the same configuration and planted bug.
  ///
  /// Afterwards neither sees what is done to the other. The time is proportional to the pages that
  /// one of them has touched. Views of this pool stay valid.
  public mutating func become(_ other: borrowing KernelPool) {
    let (own, others) = (state, other.state)
    precondition(
      mutant == other.mutant && own.pointee.descriptorCount == others.pointee.descriptorCount
        && own.pointee.lookasideCount == others.pointee.lookasideCount,
      "pools of different machines")
    own.pointee.halted = others.pointee.halted
    own.pointee.mechanisms = others.pointee.mechanisms
    own.pointee.memory.become(others.pointee.memory)
    own.pointee.variables.pointee = others.pointee.variables.pointee
    own.pointee.descriptors.update(
      from: others.pointee.descriptors, count: own.pointee.descriptorCount)
    own.pointee.lookasides.update(
      from: others.pointee.lookasides, count: own.pointee.lookasideCount)
    own.pointee.expansionEntries = others.pointee.expansionEntries
    own.pointee.selectLookasides()
  }
}
