// A pool owns its memory and cannot be copied as a value. An enumeration of traces needs copies all
// the same, of one configuration and thousands a second: so one pool takes over the state of another.

extension KernelPool {
  /// Becomes what `other` is. Both must have the same configuration and planted bug.
  ///
  /// Afterwards neither sees what is done to the other. The time is proportional to the pages that
  /// one of them has touched. Views of this pool stay valid.
  public mutating func become(_ other: borrowing KernelPool) {
    precondition(
      mutant == other.mutant && descriptorCount == other.descriptorCount
        && lookasideCount == other.lookasideCount, "pools of different machines")
    halted = other.halted
    mechanisms = other.mechanisms
    memory.become(other.memory)
    variables.pointee = other.variables.pointee
    descriptors.update(from: other.descriptors, count: descriptorCount)
    lookasides.update(from: other.lookasides, count: lookasideCount)
    expansionEntries = other.expansionEntries
  }
}
