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

/// Lowers two numbers of one role by the same amount: numbers whose difference matters.
///
/// Lowering them in turn, each by one, would zigzag: as many attempts as the numbers are large.
public struct LowerPairs<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "lower pairs"

  /// The pass.
  public init() {}

  /// Proposes common reductions of each pair.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    ParameterPairs.visit(&reduction) { first, second in
      let limit = min(first.parameter.complexity, second.parameter.complexity)
      guard first.parameter.value > first.parameter.origin,
        second.parameter.value > second.parameter.origin
      else { return nil }
      return ParameterPairs.Shift(limit: limit, first: .down, second: .down)
    }
  }
}

/// Lowers one number and raises a later one of its role by the same amount: numbers whose sum
/// matters. It is what brings (50, 50) and (30, 70) to the same normal form.
public struct RedistributePairs<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "redistribute pairs"

  /// The pass.
  public init() {}

  /// Proposes shifts from the earlier to the later of each pair.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    ParameterPairs.visit(&reduction) { first, second in
      guard first.parameter.value > first.parameter.origin,
        second.parameter.value <= UInt64.max - first.parameter.complexity
      else { return nil }
      return ParameterPairs.Shift(
        limit: first.parameter.complexity, first: .down, second: .upward)
    }
  }
}

/// A place of a number in a trace.
struct ParameterSite {
  let operation: Int
  let index: Int
  let parameter: Parameter

  /// All numbers of a trace's operations, in order.
  static func all<C, O>(in trace: Trace<C, O>) -> [ParameterSite] {
    trace.operations.indices.flatMap { operation in
      trace.operations[operation].parameters.enumerated().map {
        ParameterSite(operation: operation, index: $0.offset, parameter: $0.element)
      }
    }
  }

  /// The trace with other numbers at some places; nil when one of them is no value there.
  static func replacing<C, O>(
    _ sites: [ParameterSite], with values: [UInt64], in trace: Trace<C, O>
  ) -> Trace<C, O>? {
    var copy = trace
    for (site, value) in zip(sites, values) {
      guard site.operation < copy.operations.count else { return nil }
      let operation = copy.operations[site.operation]
      guard let replaced = operation.replacingParameter(at: site.index, with: value) else {
        return nil
      }
      copy.operations[site.operation] = replaced
    }
    return copy
  }

  /// Landmarks above a number that are worth raising it to: the next two and the last.
  static func landmarks(
    above parameter: Parameter, _ configuration: some MachineConfiguration
  ) -> [UInt64] {
    let above = configuration.landmarks(of: parameter)
      .filter { parameter.complexity(of: $0) > parameter.complexity }
      .sorted { parameter.complexity(of: $0) < parameter.complexity(of: $1) }
    guard above.count > 2, let last = above.last else { return above }
    return Array(above.prefix(2)) + [last]
  }

  /// The traces in which all numbers of one role are raised to at least one landmark: what is
  /// small leaves, all at once, whatever treats small things in a way of its own.
  static func raisedFloors<C, O>(of trace: Trace<C, O>) -> [Trace<C, O>] {
    let sites = all(in: trace)
    var raised: [Trace<C, O>] = []
    var tried: [(role: Int, landmark: UInt64)] = []
    for site in sites {
      let role = site.parameter.role
      for landmark in landmarks(above: site.parameter, trace.configuration)
      where !tried.contains(where: { $0 == (role, landmark) }) {
        tried.append((role, landmark))
        let low = sites.filter {
          $0.parameter.role == role
            && $0.parameter.complexity < $0.parameter.complexity(of: landmark)
        }
        let values = low.map { _ in landmark }
        if let candidate = replacing(low, with: values, in: trace) { raised.append(candidate) }
      }
    }
    return raised
  }
}
