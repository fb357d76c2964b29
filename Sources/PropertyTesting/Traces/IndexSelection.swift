/// A set of indices of one trace.
///
/// A table of flags and not a `Set`, whose order of iteration differs from run to run.
public struct IndexSelection: Sendable, Equatable {
  private var flags: [Bool]

  /// How many are selected.
  public private(set) var count = 0

  /// None of `total` indices.
  public init(of total: Int) {
    flags = Array(repeating: false, count: total)
  }

  /// Those of `total` indices; each must be below it.
  public init(_ indices: some Sequence<Int>, of total: Int) {
    self.init(of: total)
    for index in indices { insert(index) }
  }

  /// Selects one.
  public mutating func insert(_ index: Int) {
    if !flags[index] { count += 1 }
    flags[index] = true
  }

  /// Whether an index is selected.
  public func contains(_ index: Int) -> Bool {
    flags[index]
  }
}
