import PropertyTesting

/// Every reallocation from one size and alignment to another, around the sizes at which an allocator goes
/// from one class to the next, with nothing behind the block and with a live neighbour.
public struct ReallocGrid: Sendable {
  /// The sizes in bytes, each the last of a class or the first behind one.
  public let sizes: [UInt64]
  /// What the old block is aligned to; 0 for nothing.
  public let oldAlignments: [UInt64]
  /// What the reallocation names; 0 for nothing.
  public let newAlignments: [UInt64]
  private let capabilities: TargetCapabilities

  /// Cells that one trace has: what they have in common is paid once.
  private static let cellsOfTrace = 8

  /// One reallocation.
  private struct Cell {
    var old, new, oldAlignment, newAlignment: UInt64
    var hasNeighbour: Bool
  }

  /// The grid of a library whose classes end at these sizes. Powers of two and what lies in their middle
  /// are ends as well: where a library tells of no classes it may have some.
  public init(for capabilities: TargetCapabilities, classEnds: [UInt64]) {
    self.capabilities = capabilities
    let powers = (4...16).flatMap { [UInt64(1) << $0, UInt64(3) << ($0 - 1)] }
    let sizes = Set((classEnds + powers).flatMap { [$0, $0 + 1] })
    self.sizes = sizes.filter {
      $0 >= max(1, capabilities.smallestBytes) && $0 <= capabilities.largestBytes
    }.sorted()
    oldAlignments = [0, 64, 4096].filter { $0 <= capabilities.largestAlignment }
    let keeps = capabilities.promises.contains(.reallocKeepsAlignment)
    newAlignments = [0, 32, 1024].filter {
      $0 == 0 || (keeps && $0 <= capabilities.largestAlignment)
    }
  }

  /// Reallocations in all; 0 where the library has none.
  public var cellCount: UInt64 {
    guard capabilities.allows(TargetOperation(.reallocate, bytes: sizes.first ?? 1)) else {
      return 0
    }
    let pairs = sizes.count * sizes.count
    return UInt64(pairs * oldAlignments.count * newAlignments.count * 2)
  }

  /// Traces in all.
  public var traceCount: UInt64 {
    let cells = UInt64(Self.cellsOfTrace)
    return (cellCount + cells - 1) / cells
  }

  /// What it comes to, in words.
  public var description: String {
    "\(sizes.count) sizes to as many, \(oldAlignments.count) old and \(newAlignments.count) new"
      + " alignments, with and without a neighbour: \(cellCount) reallocations in"
      + " \(traceCount) traces"
  }

  private func cell(_ number: UInt64) -> Cell {
    var rest = Int(number)
    func take(_ count: Int) -> Int {
      defer { rest /= count }
      return rest % count
    }
    let hasNeighbour = take(2) == 1
    let newAlignment = newAlignments[take(newAlignments.count)]
    let oldAlignment = oldAlignments[take(oldAlignments.count)]
    return Cell(
      old: sizes[take(sizes.count)], new: sizes[take(sizes.count)], oldAlignment: oldAlignment,
      newAlignment: newAlignment, hasNeighbour: hasNeighbour)
  }

  /// A trace of the grid, from 0 to `traceCount` - 1.
  public func trace(_ number: UInt64) -> TargetTrace {
    let cells = UInt64(Self.cellsOfTrace)
    let first = min(number, traceCount) * cells
    var setup = TargetSetup()
    setup.rounds = 1
    let operations = (first..<min(first + cells, cellCount)).flatMap { number in
      let cell = cell(number)
      let (block, neighbour) = (Slot(0), Slot(1))
      var operations: [TargetOperation] = [
        .allocate(block, cell.old, alignment: cell.oldAlignment)
      ]
      if cell.hasNeighbour { operations.append(.allocate(neighbour, 16)) }
      operations.append(
        TargetOperation(.reallocate, block, bytes: cell.new, second: cell.newAlignment))
      if cell.hasNeighbour { operations.append(.free(neighbour)) }
      return operations + [.free(block)]
    }
    return TargetTrace(configuration: setup, operations: operations)
  }
}
