/// What a search makes as large as possible.
public enum Objective: String, Sendable, Hashable, CaseIterable {
  /// Held bytes over the most live block bytes of any moment: the contest.
  case heldOverPeak = "held-over-peak"
  /// Held bytes over live block bytes at the end. Trivial: one smallest block in one page is the
  /// worst case, and no trace can do more. It is here to be compared with.
  case heldOverFinal = "held-over-final"
}
