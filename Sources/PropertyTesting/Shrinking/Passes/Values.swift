/// Takes all numbers of the operations to their simplest at once, or all of one role: most numbers
/// do not matter, and this says so in a few executions whatever the length of the trace.
public struct SimplifyAll<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "simplify all parameters"

  /// So few are simplified one by one at the same cost.
  private static var fewNumbers: Int { 2 }

  /// The pass.
  public init() {}

  /// Proposes the trace with all numbers simple, then with those of each role.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    let sites = ParameterSite.all(in: reduction.trace).filter { $0.parameter.complexity > 0 }
    guard sites.count > Self.fewNumbers, !attempt(sites, &reduction) else { return }
    var roles: [Int] = []
    for site in sites where !roles.contains(site.parameter.role) {
      roles.append(site.parameter.role)
    }
    guard roles.count > 1 else { return }
    for role in roles where !reduction.isOver {
      let same = ParameterSite.all(in: reduction.trace).filter {
        $0.parameter.role == role && $0.parameter.complexity > 0
      }
      if same.count > 1 { attempt(same, &reduction) }
    }
  }

  @discardableResult
  private func attempt(
    _ sites: [ParameterSite], _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    let origins = sites.map(\.parameter.origin)
    return reduction.attempt(
      ParameterSite.replacing(sites, with: origins, in: reduction.trace))
  }
}

/// Simplifies all equal numbers of one role at once: sizes that must stay equal.
public struct SimplifyTogether<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "simplify equal parameters"

  private let longestTrace: Int

  /// The pass, for traces of up to so many operations: in longer ones it is dear, and most of its
  /// work is lost when other passes shorten them.
  public init(longestTrace: Int = .max) {
    self.longestTrace = longestTrace
  }

  /// Proposes simpler values for each value that occurs more than once.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= longestTrace else { return }
    var seen: [(role: Int, value: UInt64)] = []
    for site in ParameterSite.all(in: reduction.trace) {
      let parameter = site.parameter
      guard !seen.contains(where: { $0 == (parameter.role, parameter.value) }) else { continue }
      seen.append((parameter.role, parameter.value))
      var value = parameter.value
      ValueSearch(parameter, reduction.trace.configuration).lower(value) { simpler in
        let sites = ParameterSite.all(in: reduction.trace).filter {
          $0.parameter.role == parameter.role && $0.parameter.value == value
        }
        guard sites.count > 1 else { return false }
        let values = sites.map { _ in simpler }
        let isAccepted = reduction.attempt(
          ParameterSite.replacing(sites, with: values, in: reduction.trace))
        if isAccepted { value = simpler }
        return isAccepted
      }
    }
  }
}

/// Simplifies each number by itself, first to last.
public struct SimplifyParameters<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "simplify parameters"

  private let longestTrace: Int

  /// The pass, for traces of up to so many operations: in longer ones it is dear, and most of its
  /// work is lost when other passes shorten them.
  public init(longestTrace: Int = .max) {
    self.longestTrace = longestTrace
  }

  /// Proposes simpler values for each number.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    guard reduction.trace.operations.count <= longestTrace else { return }
    var index = 0
    while !reduction.isOver {
      let sites = ParameterSite.all(in: reduction.trace)
      guard index < sites.count else { return }
      let site = sites[index]
      let length = reduction.trace.operations.count
      ValueSearch(site.parameter, reduction.trace.configuration).lower(site.parameter.value) {
        simpler in
        // A lower number may have shortened the trace; the place is then another one.
        guard reduction.trace.operations.count == length else { return false }
        return reduction.attempt(
          ParameterSite.replacing([site], with: [simpler], in: reduction.trace))
      }
      index += 1
    }
  }
}

/// Replaces operations by ones of a simpler kind: a special creation by a plain one, if the
/// operations know of such (`SlotOperation.simplerKinds`).
public struct SimplifyKinds<Configuration: MachineConfiguration, Operation: SlotOperation>:
  ShrinkPass
{
  /// In statistics.
  public let name = "simplify kinds"

  /// The pass.
  public init() {}

  /// Proposes each simpler kind of each operation.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var index = 0
    while index < reduction.trace.operations.count, !reduction.isOver {
      let trace = reduction.trace
      for simpler in trace.operations[index].simplerKinds {
        var candidate = trace
        candidate.operations[index] = simpler
        if reduction.attempt(candidate) { break }
      }
      index += 1
    }
  }
}

/// Brings the configuration toward its defaults: all settings at once, then each.
///
/// A setting often only spares small requests some special treatment, which larger ones escape
/// anyway. So the default is also tried with the numbers of the operations raised: settings rank
/// before them.
public struct SimplifyConfiguration<
  Configuration: MachineConfiguration, Operation: SlotOperation
>: ShrinkPass {
  /// In statistics.
  public let name = "simplify configuration"

  /// In longer traces settings are tried with their numbers raised only all together.
  private static var shortTrace: Int { 8 }

  /// The pass.
  public init() {}

  /// Proposes simpler settings.
  public func run(_ reduction: inout Reduction<Configuration, Operation>) {
    var simplest: Configuration? = reduction.trace.configuration
    for (index, parameter) in reduction.trace.configuration.parameters.enumerated() {
      simplest = simplest?.replacingParameter(at: index, with: parameter.origin)
    }
    guard let simplest, simplest != reduction.trace.configuration else { return }
    if Self.attempt(simplest, &reduction) { return }
    for raised in ParameterSite.raisedFloors(of: reduction.trace) {
      let candidate = Trace(configuration: simplest, operations: raised.operations)
      if reduction.isOver || reduction.attempt(candidate) { return }
    }
    for (index, parameter) in reduction.trace.configuration.parameters.enumerated() {
      ValueSearch(parameter, landmarks: parameter.landmarks).lower(parameter.value) { simpler in
        let configuration = reduction.trace.configuration.replacingParameter(
          at: index, with: simpler)
        return configuration.map { Self.attempt($0, &reduction) } ?? false
      }
      Self.raise(index, parameter, &reduction)
    }
  }

  /// One setting at its default, with raised numbers.
  private static func raise(
    _ index: Int, _ parameter: Parameter, _ reduction: inout Reduction<Configuration, Operation>
  ) {
    let configuration = reduction.trace.configuration
    guard reduction.trace.operations.count <= shortTrace,
      configuration.parameters[index].complexity > 0,
      let simpler = configuration.replacingParameter(at: index, with: parameter.origin)
    else { return }
    for raised in ParameterSite.raisedFloors(of: reduction.trace) {
      let candidate = Trace(configuration: simpler, operations: raised.operations)
      if reduction.isOver || reduction.attempt(candidate) { return }
    }
  }

  private static func attempt(
    _ configuration: Configuration, _ reduction: inout Reduction<Configuration, Operation>
  ) -> Bool {
    reduction.attempt(
      Trace(configuration: configuration, operations: reduction.trace.operations))
  }
}

/// Looks for a simpler number with few attempts.
///
/// The origin first: most numbers do not matter. Then the landmarks. Then, if one step down is
/// accepted, or failing that half the way, a bisection. A number that cannot be lowered at all
/// costs four attempts and not a logarithm.
struct ValueSearch {
  let origin: UInt64
  let landmarks: [UInt64]

  /// A search in a trace's configuration, which knows the landmarks.
  init(_ parameter: Parameter, _ configuration: some MachineConfiguration) {
    self.init(parameter, landmarks: configuration.landmarks(of: parameter))
  }

  init(_ parameter: Parameter, landmarks: [UInt64]) {
    origin = parameter.origin
    self.landmarks = landmarks
  }

  /// Lowers a number as far as attempts succeed.
  ///
  /// - Parameter attempt: whether the number is accepted.
  func lower(_ start: UInt64, _ attempt: (UInt64) -> Bool) {
    guard start != origin, !attempt(origin) else { return }
    var value = start
    for landmark in landmarks.sorted(by: { distance($0) < distance($1) }) {
      guard landmark != origin, distance(landmark) < distance(value) else { continue }
      if attempt(landmark) {
        value = landmark
        break
      }
    }
    bisect(value, attempt)
  }

  private func bisect(_ start: UInt64, _ attempt: (UInt64) -> Bool) {
    var rejected: UInt64 = 0
    var accepted = distance(start)
    let isAbove = start > origin
    func value(at distance: UInt64) -> UInt64 {
      isAbove ? origin + distance : origin - distance
    }
    guard accepted > 1 else { return }
    if attempt(value(at: accepted - 1)) {
      accepted -= 1
    } else if accepted > 3, attempt(value(at: accepted / 2)) {
      accepted /= 2
    } else {
      // Only every second number may do: a parity.
      Self.gallop(limit: (accepted - 1) / 2) { attempt(value(at: accepted - $0 * 2)) }
      return
    }
    while accepted - rejected > 1 {
      let middle = rejected + (accepted - rejected) / 2
      if attempt(value(at: middle)) { accepted = middle } else { rejected = middle }
    }
  }

  private func distance(_ value: UInt64) -> UInt64 {
    value > origin ? value - origin : origin - value
  }

  /// The largest shift in `1...limit` that is accepted, tried from 1 by doubling and bisection.
  static func gallop(limit: UInt64, _ attempt: (UInt64) -> Bool) {
    guard limit > 0, attempt(1) else { return }
    var done: UInt64 = 1
    var refused = limit + 1
    while done < limit, done <= limit / 2 {
      guard attempt(done * 2) else {
        refused = done * 2
        break
      }
      done *= 2
    }
    while refused - done > 1 {
      let middle = done + (refused - done) / 2
      if attempt(middle) { done = middle } else { refused = middle }
    }
  }
}
