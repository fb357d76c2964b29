import PoolBounds

/// Replays operations of the abstract pool on the kernel model.
public struct KernelReplay: ~Copyable {
  /// The kernel.
  public private(set) var target: KernelTarget
  /// The block of each slot, nil where it is empty.
  private var handles: [BlockHandle?] = []

  /// A replay on an empty pool.
  ///
  /// - Throws: ``KernelContest/Failure``.
  public init(
    _ contest: KernelContest, geometry: PoolGeometry
  ) throws(KernelContest.Failure) {
    target = try KernelTarget(contest, geometry: geometry)
  }

  /// Carries an operation out; a request on a full slot and a release of an empty one do nothing.
  /// The rank of a request is no kernel's and is passed over.
  public mutating func apply(_ operation: PoolOperation) {
    switch operation {
    case .allocate(let slot, let units, _):
      while handles.count <= slot { handles.append(nil) }
      guard handles[slot] == nil else { return }
      handles[slot] = target.allocate(units: units)
    case .free(let slot):
      guard slot < handles.count, let handle = handles[slot] else { return }
      handles[slot] = nil
      target.free(handle)
    }
  }
}
