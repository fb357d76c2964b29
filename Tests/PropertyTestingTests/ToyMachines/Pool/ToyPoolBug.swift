/// The bugs that can be planted in a toy pool.
enum ToyPoolBug: Int, CaseIterable, Sendable {
  case none
  /// A remainder of one unit vanishes.
  case splitLosesUnit
  /// A free neighbour in front is left alone when it has the size of the freed block.
  case forgetsPrevious
  /// A used block of 7 units is taken for free when the 5 units in front of it are freed.
  case swallowsUsed
  /// A lookaside list takes one block more than its depth.
  case oneTooDeep
  /// A second block of 4 units goes to the list of 3.
  case wrongClass
  /// Coalescing with both neighbours miscounts.
  case counterDrift
}
