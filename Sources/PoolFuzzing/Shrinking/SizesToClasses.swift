import KernelPool
import PropertyTesting

/// Lowers the sizes of requests to the boundaries of the machine's block classes.
///
/// An operation alone does not know units and headers, so the generic pass that lowers numbers can
/// only guess; here the machine is at hand. A request keeps its block's size or gets a smaller one.
struct SizesToClasses: ShrinkPass {
  typealias Configuration = PoolSetup
  typealias Operation = PoolOperation

  let name = "sizes to classes"

  func run(_ reduction: inout Reduction<PoolSetup, PoolOperation>) {
    var index = 0
    while index < reduction.trace.operations.count, !reduction.isOver {
      lower(at: index, &reduction)
      index += 1
    }
  }

  private func lower(at index: Int, _ reduction: inout Reduction<PoolSetup, PoolOperation>) {
    let trace = reduction.trace
    guard case .alloc(_, let type, let bytes, _) = trace.operations[index].operation else { return }
    let profile = trace.configuration.configuration.pool.profile
    for size in Self.candidates(bytes, type, profile) where !reduction.isOver {
      guard let lowered = trace.operations[index].replacingParameter(at: 0, with: size)
      else { continue }
      var candidate = trace
      candidate.operations[index] = lowered
      if reduction.attempt(candidate) { return }
    }
  }

  /// Sizes worth a try: smallest first, the request that just fills the same block last.
  private static func candidates(
    _ bytes: UInt64, _ type: PoolType, _ profile: Profile
  ) -> [UInt64] {
    let header = UInt64(profile.header.bytes)
    let facts = RequestFacts(type, bytes: bytes, profile)
    let limit = profile.largestSmallRequest
    var sizes: [UInt64] = [0, 1]
    for units in [1, 2, 3, 4, facts.units / 2, facts.units &- 1] where units >= 1 {
      let (end, overflow) = units.multipliedReportingOverflow(by: profile.unitBytes)
      if !overflow, end > header { sizes += [end - header - min(end - header, 7), end - header] }
    }
    sizes += [limit, limit + 1, profile.pageBytes, profile.pageBytes + 1]
    if facts.units > 1 { sizes.append((facts.units - 1) * profile.unitBytes - header + 1) }
    return sizes.filter { $0 < bytes }
  }
}
