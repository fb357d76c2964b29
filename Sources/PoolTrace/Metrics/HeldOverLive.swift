/// How held memory compares with live memory over a replay: what the four ratios of Johnstone and
/// Wilson ("The Memory Fragmentation Problem: Solved?", ISMM 1998) need, noted operation by
/// operation.
///
/// Each ratio is of bytes held over bytes of live blocks, headers included; 1 is no loss, and 0
/// stands for a pool in which nothing ever was live.
struct HeldOverLive: Sendable, Equatable {
  private var sumOfRatios = 0.0
  private var samples: UInt64 = 0
  private var peakLive: UInt64 = 0
  private var heldAtPeakLive: UInt64 = 0
  private var peakHeld: UInt64 = 0
  private var liveAtPeakHeld: UInt64 = 0

  /// Notes the state after an operation, both in bytes. A state with nothing live has no ratio and
  /// is left out of the average.
  mutating func note(held: UInt64, live: UInt64) {
    if live > 0 {
      sumOfRatios += Double(held) / Double(live)
      samples &+= 1
    }
    if live > peakLive {
      peakLive = live
      heldAtPeakLive = held
    }
    if held > peakHeld {
      peakHeld = held
      liveAtPeakHeld = live
    }
  }

  /// Ratio 1: the average over all operations.
  var average: Double { samples == 0 ? 0 : sumOfRatios / Double(samples) }

  /// Ratio 2: when live first was at its highest.
  var atPeakLive: Double { Self.ratio(heldAtPeakLive, peakLive) }

  /// Ratio 3: when held first was at its highest.
  var atPeakHeld: Double { Self.ratio(peakHeld, liveAtPeakHeld) }

  /// Ratio 4: the most held over the most live, whenever each was.
  var ofPeaks: Double { Self.ratio(peakHeld, peakLive) }

  private static func ratio(_ held: UInt64, _ live: UInt64) -> Double {
    live == 0 ? 0 : Double(held) / Double(live)
  }
}
