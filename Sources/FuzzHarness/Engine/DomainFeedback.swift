import KernelPool

/// What an input reached in the words of the domain: one byte for each outcome, from which a
/// coverage-guided engine makes features of its own.
///
/// | bytes     | what                                                                      |
/// |-----------|---------------------------------------------------------------------------|
/// | 0...31    | how often each branch of the algorithm ran (splits, merges, lists, runs)   |
/// | 32...47   | free blocks in each sixteenth of the list heads: which lists are occupied  |
/// | 48...63   | outcomes: refusals, halts, findings                                        |
/// | 64...191  | fragmentation (16 steps) by live bytes (8 steps): best seen in this input   |
///
/// The grid makes the engine keep the most fragmented input for every amount of live bytes, and
/// climb from there: an archive of elites out of a fuzzer's own corpus.
public struct DomainFeedback {
  /// How many words of eight bytes there are.
  public static let wordCount = 24

  /// The bytes, the first in the lowest eight bits of the first word.
  public private(set) var words: InlineArray<24, UInt64>

  /// Nothing reached.
  public init() { words = InlineArray(repeating: 0) }

  /// Forgets everything.
  public mutating func reset() { words = InlineArray(repeating: 0) }

  /// One of the bytes.
  public subscript(place: Int) -> UInt8 {
    get { UInt8(truncatingIfNeeded: words[place / 8] >> UInt64(place % 8 * 8)) }
    set {
      let shift = UInt64(place % 8 * 8)
      words[place / 8] = words[place / 8] & ~(0xFF << shift) | UInt64(newValue) << shift
    }
  }

  /// Counts the branches that ran.
  public mutating func note(_ mechanisms: Mechanisms) {
    var left = mechanisms.rawValue
    while left != 0 {
      increment(left.trailingZeroBitCount)
      left &= left &- 1
    }
  }

  /// Counts an outcome, 0...15.
  public mutating func note(outcome: Int) { increment(48 + outcome & 15) }

  /// Notes free blocks of a list head, counted from 0 among `headCount`.
  public mutating func note(freeBlocks count: Int, head: Int, of headCount: Int) {
    guard headCount > 0, count > 0 else { return }
    let place = 32 + min(head * 16 / headCount, 15)
    self[place] = UInt8(clamping: max(Int(self[place]), count))
  }

  /// Notes a state: bytes held and bytes live.
  public mutating func note(heldBytes: UInt64, liveBytes: UInt64) {
    guard heldBytes > 0 else { return }
    let (ratio, overflow) = heldBytes.multipliedReportingOverflow(by: 4)
    let quarters = overflow ? UInt64.max : ratio / max(liveBytes, 1)
    // Steps of a quarter up to 2, then by powers of the square root of two.
    let step = min(quarters < 8 ? Int(quarters) : 2 * (63 - quarters.leadingZeroBitCount) + 2, 15)
    let magnitude = max(0, min(63 - max(liveBytes, 1).leadingZeroBitCount - 8, 7))
    self[64 + magnitude * 16 + step] = 1
  }

  private mutating func increment(_ place: Int) {
    self[place] = self[place] == 255 ? 255 : self[place] + 1
  }
}
