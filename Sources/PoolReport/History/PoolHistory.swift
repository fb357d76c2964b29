import KernelPool

/// What the pages of a pool held after each operation of a trace, or after each few of them.
public struct PoolHistory: Sendable {
  /// Bytes of a unit.
  public let unitBytes: UInt64
  /// Units of a page.
  public let unitsPerPage: UInt64
  /// Bytes of a block's header.
  public let headerBytes: UInt64
  /// Hexadecimal digits of an address.
  public let addressDigits: Int
  /// Operations of the trace.
  public internal(set) var operations: UInt64 = 0
  /// Operations of a step.
  public internal(set) var operationsPerStep: UInt64 = 1
  /// One page of this many is kept.
  public internal(set) var pagesPerKeptPage: UInt64 = 1
  /// Addresses of the pages and runs, ascending.
  var pages: [Address] = []
  /// The words of the tags that pieces refer to.
  var tags: [UInt32] = []
  /// The states, the first as the machine starts.
  var steps: [Step] = []

  /// One state, as what has changed since the one before.
  struct Step: Sendable {
    /// Places of pages in ``PoolHistory/pages`` and what they hold, in no order.
    var changes: [(page: Int, content: PageContent)]
    /// The operation that ends the step, and its result.
    var line: String
    var figures: PoolFigures
  }

  /// True where operations or pages have been left out.
  public var isSampled: Bool { operationsPerStep > 1 || pagesPerKeptPage > 1 }

  /// The number of states.
  public var stepCount: Int { steps.count }

  /// What was left out, as a sentence; nil where nothing was.
  public var samplingNote: String? {
    guard isSampled else { return nil }
    var parts: [String] = []
    if operationsPerStep > 1 {
      parts.append("one step in \(operationsPerStep) operations")
    }
    if pagesPerKeptPage > 1 { parts.append("one page in \(pagesPerKeptPage)") }
    return "The trace is too large to be shown whole: " + parts.joined(separator: ", ")
      + ". The curves of memory are of all pages."
  }

  /// The step that shows the state after an operation: the first that has it behind it.
  public func step(ofOperation operation: UInt64) -> Int {
    guard operation < operations else { return max(steps.count - 1, 0) }
    let step = (operation + operationsPerStep - 1) / operationsPerStep
    return min(Int(step), max(steps.count - 1, 0))
  }

  /// The operation that a step ends with and what the pool held then, without reading its pages.
  public func moment(_ step: Int) -> (operation: UInt64, figures: PoolFigures) {
    (operation(ofStep: step), steps[step].figures)
  }

  /// The operation that a step ends with.
  func operation(ofStep step: Int) -> UInt64 {
    step >= steps.count - 1 ? operations : min(UInt64(step) * operationsPerStep, operations)
  }

  /// What every page holds after a step, in the order of ``pages``.
  func contents(afterStep last: Int) -> [PageContent] {
    var contents = [PageContent](repeating: .empty, count: pages.count)
    for step in steps.prefix(last + 1) {
      for change in step.changes { contents[change.page] = change.content }
    }
    return contents
  }
}
