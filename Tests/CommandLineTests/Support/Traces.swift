import PoolTestSupport
import PropertyTesting

/// Traces that several tests replay.
enum Traces {
  /// The story in small: at most 7,984 bytes are live, of which two blocks of 24 bytes stay, each on a
  /// page of its own.
  static let pinned = """
    config profile=windows-2003-x86 lookaside=0 init=none nonpaged_pages=64 paged_pages=64
    contiguous front1 0xf10
    alloc pin1 NonPaged 16 ReEv
    contiguous front2 0xf10
    alloc other NonPaged 200 Fill
    alloc pin2 NonPaged 16 MFE0
    free front1
    free front2
    free other

    """

  /// Nothing wrong.
  static let healthy = """
    config profile=windows-2003-x86 lookaside=0
    alloc a NonPaged 100 Abcd
    alloc b NonPaged 300 Abcd
    free a

    """
  /// A driver's overrun destroys the header behind its block; nothing notices but the checks.
  static let overrun = healthy + "alloc a NonPaged 100 Abcd\nwrite a 100 ffffffffffffffff\n"
  /// A double free that this kernel notices.
  static let doubleFree = healthy + "freeat a\n"

  /// `count` operations on many slots, the same for the same `seed`.
  static func churn(_ count: Int, seed: UInt64 = 1) -> String {
    var random = SplitMix64(seed: seed)
    var text = "config profile=windows-2003-x86\n"
    for _ in 0..<count {
      let slot = random.next(below: 50)
      if random.next(below: 2) == 0 {
        text += "alloc s\(slot) NonPaged \(random.next(below: 1200)) T\(random.next(below: 9))st\n"
      } else {
        text += "free s\(slot)\n"
      }
    }
    return text
  }
}
