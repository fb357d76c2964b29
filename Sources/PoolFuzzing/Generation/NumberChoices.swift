import KernelPool
import PropertyTesting

/// Where the sizes of a trace lie: each trace keeps to a few centres and the sizes right beside
/// them.
///
/// Bugs of lists and classes hide between two sizes that differ by one unit; drawing sizes evenly
/// from a page almost never meets the same class twice.
public enum SizeNeighbourhood: Sendable {
  /// Zero bytes up to three units.
  case tiny
  /// The classes that have lookaside lists.
  case lookaside
  /// Any size that a small block serves.
  case small
  /// Around the largest small request and the page.
  case threshold
  /// One to four pages, and a byte or a unit beside them.
  case pages
  /// Up to sixteen pages, any size.
  case large
  /// A good part of a small region.
  case huge
  /// Where a rule begins or ends to hold: the classes with lookaside lists, half a page, a cache line
  /// before the largest small request and that itself, the page, the bits of a counter.
  case boundary
  /// Any number of digits, up to a mebibyte.
  case magnitude

  /// Those that a region of a few dozen pages has room for.
  static let usual: [SizeNeighbourhood] = [.tiny, .lookaside, .small, .threshold, .pages, .large]

  /// A size in bytes at the middle of the neighbourhood.
  func centre(_ profile: Profile, _ choices: inout some ChoiceSource) -> UInt64 {
    let unit = profile.unitBytes
    let header = UInt64(profile.header.bytes)
    func boundary(_ units: UInt64) -> UInt64 { max(units * unit, header) - header }
    switch self {
    case .tiny: return choices.draw(below: 3 * unit)
    case .lookaside: return boundary(1 + choices.draw(below: profile.lookasideClasses + 1))
    case .small: return boundary(1 + choices.draw(below: profile.unitsPerPage - 1))
    case .threshold:
      let limit = profile.largestSmallRequest
      return choices.draw(from: [limit, limit + 1, profile.pageBytes, limit - min(limit, unit)])
    case .pages: return (1 + choices.draw(below: 4)) * profile.pageBytes
    case .large: return 1 + choices.draw(below: 16 * profile.pageBytes)
    case .huge: return (4 + choices.draw(below: 60)) * profile.pageBytes
    case .boundary:
      let (limit, page) = (profile.largestSmallRequest, profile.pageBytes)
      return choices.draw(from: [
        0, boundary(profile.lookasideClasses), boundary(profile.lookasideClasses + 1),
        boundary(profile.unitsPerPage / 2), limit - 64, limit - 64, limit, limit + 1, page - header,
        page, page + 1, 2 * page, 1 << 16, 1 << 17,
      ])
    case .magnitude:
      let power = UInt64(1) << choices.draw(below: 20)
      return power + choices.draw(below: power)
    }
  }
}

/// Numbers of a trace replaced as reducing replaces them: by their origin, by a landmark, by what is
/// half way to the origin or one off, or by another number of their role.
///
/// A reduction ends wherever its steps lead. What they lead to must have been judged on the healthy
/// model before, or the reduction files what is no fault.
enum ReducedNumbers {
  /// A copy with some numbers replaced and some operations left out.
  static func replaced(
    in trace: PoolFuzzTrace, _ choices: inout some ChoiceSource
  ) -> PoolFuzzTrace {
    var result = trace
    for _ in 0..<choices.draw(in: 1...8) {
      switch choices.draw(below: 4) {
      case 0: replaceSetup(&result, &choices)
      case 1 where !result.operations.isEmpty:
        result.operations.remove(at: choices.drawIndex(count: result.operations.count))
      default: replaceOperation(&result, &choices)
      }
    }
    return result
  }

  private static func replaceSetup(
    _ trace: inout PoolFuzzTrace, _ choices: inout some ChoiceSource
  ) {
    let setup = trace.configuration
    // Without those of special pool, so that a seed means the traces that it always meant.
    let parameters = setup.parameters.prefix(SetupNumber.usual.count)
    let index = choices.drawIndex(count: parameters.count)
    let value = value(parameters[index], [], trace, &choices)
    guard let changed = setup.replacingParameter(at: index, with: value),
      changed.canBoot
    else { return }
    trace.configuration = changed
  }

  private static func replaceOperation(
    _ trace: inout PoolFuzzTrace, _ choices: inout some ChoiceSource
  ) {
    guard !trace.operations.isEmpty else { return }
    let place = choices.drawIndex(count: trace.operations.count)
    let operation = trace.operations[place]
    let parameters = operation.parameters
    guard !parameters.isEmpty else { return }
    let index = choices.drawIndex(count: parameters.count)
    let other = trace.operations[choices.drawIndex(count: trace.operations.count)].parameters
    let peers = other.filter { $0.role == parameters[index].role }.map(\.value)
    let value = value(parameters[index], peers, trace, &choices)
    if let changed = operation.replacingParameter(at: index, with: value) {
      trace.operations[place] = changed
    }
  }

  private static func value(
    _ parameter: Parameter, _ peers: [UInt64], _ trace: PoolFuzzTrace,
    _ choices: inout some ChoiceSource
  ) -> UInt64 {
    let (value, origin) = (parameter.value, parameter.origin)
    let (low, high) = (min(value, origin), max(value, origin))
    let towards = value > origin ? value - 1 : value + (value < origin ? 1 : 0)
    let candidates =
      [origin, low + (high - low) / 2, towards, low + choices.draw(below: max(high - low, 1))]
      + peers + trace.configuration.landmarks(of: parameter)
    return choices.draw(from: candidates)
  }
}
