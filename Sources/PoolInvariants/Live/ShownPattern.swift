// The contents of live memory, read where they lie.

extension LiveAllocation {
  /// True where the bytes from `from` up to `to` of the allocation show its pattern, but for what its
  /// owner has written.
  func showsPattern(
    _ host: UnsafeRawPointer, from: UInt64, to: UInt64
  ) -> Bool {
    guard let seed = patternSeed else { return true }
    let pattern = FillPattern(seed: seed)
    if writtenTo == 0 { return Self.shows(host, pattern, from, to) }
    let before = min(to, writtenFrom)
    let after = max(from, writtenTo)
    return (from >= before || Self.shows(host, pattern, from, before))
      && (after >= to || Self.shows(host, pattern, after, to))
  }

  private static func shows(
    _ host: UnsafeRawPointer, _ pattern: FillPattern, _ from: UInt64, _ to: UInt64
  ) -> Bool {
    var position = from
    while position < to {
      if position & 7 == 0, to &- position >= 8 {
        let word = host.loadUnaligned(fromByteOffset: Int(position), as: UInt64.self)
        guard UInt64(littleEndian: word) == pattern.word(at: position &>> 3) else { return false }
        position &+= 8
      } else {
        guard
          host.load(fromByteOffset: Int(position), as: UInt8.self)
            == pattern.byte(at: position)
        else { return false }
        position &+= 1
      }
    }
    return true
  }
}
