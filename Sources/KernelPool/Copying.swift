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

// Taking over another memory's contents, for those who go on from a state more than once. Only pages
// that one of the two has touched differ; a copy costs what they are, and not what the regions are.

extension SimulatedMemory {
  /// Becomes what `other` is, which must be laid out for the same configuration.
  mutating func become(_ other: borrowing SimulatedMemory) {
    precondition(
      regionCount == other.regionCount && reserved.byteCount == other.reserved.byteCount,
      "memories of different machines")
    for index in 0..<regionCount { regions[index].becomeBytes(of: other.regions[index]) }
    // The marks lie before the first region's bytes.
    let marks = UnsafeRawPointer(regions[0].host) - UnsafeRawPointer(reserved.base)
    reserved.base.copyMemory(from: other.reserved.base, byteCount: marks)
    if let stamps = regions[0].stamps, let others = other.regions[0].stamps {
      stamps.pointee = others.pointee
      stamps.pointee.journal = journal
    }
    journal?.noteEverything()
    becomeWindow(of: other)
  }
}

extension MemoryRegion {
  /// Takes over the bytes of the other region; the marks are left to the memory.
  fileprivate func becomeBytes(of other: MemoryRegion) {
    let pages = Int((byteCount &+ (1 &<< pageShift) &- 1) &>> pageShift)
    let touched = PageMarks.touched.rawValue
    for page in 0..<pages where (marksPointer[page] | other.marksPointer[page]) & touched != 0 {
      let offset = page &<< Int(pageShift)
      let count = min(1 &<< Int(pageShift), Int(byteCount) &- offset)
      (host + offset).copyMemory(from: other.host + offset, byteCount: count)
    }
  }
}
