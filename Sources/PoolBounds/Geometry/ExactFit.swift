/// Whether a free block of exactly the requested size is used.
public enum ExactFit: String, Sendable, Hashable, CaseIterable {
  /// The search starts at the list of the requested size: Windows (Mandt 2011).
  case taken
  /// The search starts one list above, so that every hit is split: ReactOS.
  case never
}
