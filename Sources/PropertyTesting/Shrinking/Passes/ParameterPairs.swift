/// The walk over pairs of numbers of one role that coupled passes share.
enum ParameterPairs {
  enum Direction {
    case down, upward

    func shifted(_ value: UInt64, by amount: UInt64) -> UInt64 {
      self == .down ? value - amount : value + amount
    }
  }

  /// How a pair may move, and how far.
  struct Shift {
    let limit: UInt64
    let first: Direction
    let second: Direction
  }

  /// More numbers have too many pairs.
  private static var manySites: Int { 16 }

  /// Moves each pair as far as it will go by the plan made for it; nil leaves it alone.
  static func visit<C, O>(
    _ reduction: inout Reduction<C, O>, _ plan: (ParameterSite, ParameterSite) -> Shift?
  ) {
    let count = ParameterSite.all(in: reduction.trace).count
    guard count <= manySites else { return }
    for first in 0..<count {
      for second in first + 1..<max(count, first + 1) {
        let sites = ParameterSite.all(in: reduction.trace)
        guard !reduction.isOver, sites.count == count else { return }
        let pair = [sites[first], sites[second]]
        guard pair[0].parameter.role == pair[1].parameter.role,
          let shift = plan(pair[0], pair[1])
        else { continue }
        let granule = reduction.trace.configuration.granule(of: pair[0].parameter)
        let isMoved = move(pair, shift, by: granule, &reduction)
        // By whole granules or, failing that, by the smallest step.
        if !isMoved, granule > 1, sites.count == ParameterSite.all(in: reduction.trace).count {
          move(pair, shift, by: 1, &reduction)
        }
      }
    }
  }

  /// Moves a pair by multiples of a step as far as it will go; false where it does not at all.
  @discardableResult
  private static func move<C, O>(
    _ pair: [ParameterSite], _ shift: Shift, by step: UInt64, _ reduction: inout Reduction<C, O>
  ) -> Bool {
    let length = reduction.trace.operations.count
    var isMoved = false
    ValueSearch.gallop(limit: shift.limit / step) { count in
      guard reduction.trace.operations.count == length else { return false }
      let values = [
        shift.first.shifted(pair[0].parameter.value, by: count * step),
        shift.second.shifted(pair[1].parameter.value, by: count * step),
      ]
      let isAccepted = reduction.attempt(
        ParameterSite.replacing(pair, with: values, in: reduction.trace))
      isMoved = isMoved || isAccepted
      return isAccepted
    }
    return isMoved
  }
}
