/// What a trace came to on the kernel model.
public struct KernelOutcome: Sendable, Hashable {
  /// The most pages held, by the kernel's own counters.
  public var pages: Int
  /// The most live units, headers included.
  public var reachedLiveUnits: Int
  /// The first request or release that the kernel did not carry out.
  public var failure: String?

  /// The outcome of a replay so far.
  public init(_ target: borrowing KernelTarget) {
    pages = target.footprint.peakPagesHeld
    reachedLiveUnits = target.footprint.peakLiveUnits
    failure = target.failure
  }
}
