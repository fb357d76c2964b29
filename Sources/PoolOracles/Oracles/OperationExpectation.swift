import KernelPool
import PoolTrace

/// Everything that the published rules say an operation must come to, worked out before it.
struct OperationExpectation {
  private var placement: PlacementOracle.Prediction = .open
  private var aftermath: PlacementOracle.Aftermath?
  private var release: ReleaseExpectation?
  private var pages: PageLevelExpectation?
  /// Whether the body of a recycled block can still be read as the pool left it.
  private var showsBody = false

  /// Claims nothing.
  init() {}

  /// What an allocation must come to; blocks that are filled at once hide what was in them.
  init(allocating type: PoolType, bytes: UInt64, isFilled: Bool, _ view: PoolView) {
    let oracle = PlacementOracle(view)
    placement = oracle.allocation(type, bytes: bytes)
    aftermath = oracle.aftermath(type, bytes: bytes)
    pages = PageLevelExpectation(allocating: type, bytes: bytes, placement, view)
    // A quota's pointer lies in the last word, which may be the second; a cache line's header
    // lies where the links were.
    showsBody = !isFilled && !type.contains(.quota) && !type.contains(.cacheAligned)
  }

  /// What the free of a live allocation must come to.
  init(freeing address: Address, _ type: PoolType, bytes: UInt64, _ view: PoolView) {
    release = ReleaseExpectation(view, at: address, type, bytes: bytes)
    let facts = RequestFacts(type, bytes: bytes, view.profile)
    pages = PageLevelExpectation(freeing: address, facts, release, view)
  }

  /// Holds what came of the operation against it.
  func judge(_ result: StepResult, _ view: PoolView, _ failures: inout [PoolFailure]) {
    switch result {
    case .allocated(let address):
      judge(address, view, &failures)
      if let failure = aftermath.flatMap({ PlacementOracle(view).failure($0, at: address) }) {
        failures.append(failure)
      }
      if let failure = pages?.failure(view, allocated: address) { failures.append(failure) }
    case .freed:
      if let failure = release?.failure(in: view) { failures.append(failure) }
      if let failure = pages?.failure(view) { failures.append(failure) }
    default: return
    }
  }

  private func judge(_ address: Address, _ view: PoolView, _ failures: inout [PoolFailure]) {
    switch placement {
    case .block(let expected) where expected != address:
      failures.append(.oracle(.placementBlock, Self.differs(expected, address)))
    case .page(let expected) where expected != address:
      failures.append(.oracle(.placementPage, Self.differs(expected, address)))
    case .block where showsBody:
      let links = [address, address &+ view.profile.wordBytes].map { view.pointer($0) }
      guard links.contains(where: { $0 != 0 }) else { return }
      failures.append(.oracle(.placementCleared, "the links of a recycled block were not cleared"))
    default: return
    }
  }

  private static func differs(_ expected: Address, _ found: Address) -> String {
    "expected 0x\(String(expected, radix: 16)), got 0x\(String(found, radix: 16))"
  }
}
