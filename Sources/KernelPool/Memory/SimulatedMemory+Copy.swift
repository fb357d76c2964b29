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
