/// Which free block serves a request.
public enum FitRule: String, Sendable, Hashable, CaseIterable {
  /// The first block on the first non-empty list that suffices: Windows and ReactOS.
  case smallestList
  /// The sufficient block of the lowest page and offset: a remedy to compare with.
  case firstFit
}
