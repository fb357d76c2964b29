/// What an allocator holds and what of it is in use, now and at its highest.
public struct Footprint: Sendable, Hashable {
  /// Pages held now.
  public var pagesHeld: Int
  /// The most pages held at any moment.
  public var peakPagesHeld: Int
  /// Units in live blocks now, headers included.
  public var liveUnits: Int
  /// The most live units at any moment.
  public var peakLiveUnits: Int
  /// Live blocks now.
  public var liveBlocks: Int
  /// Live units when ``peakPagesHeld`` was first reached.
  public var liveUnitsAtPeakPages: Int
  /// Pages held when ``peakLiveUnits`` was first reached.
  public var pagesHeldAtPeakLive: Int

  /// Nothing held, nothing live.
  public init() {
    pagesHeld = 0
    peakPagesHeld = 0
    liveUnits = 0
    peakLiveUnits = 0
    liveBlocks = 0
    liveUnitsAtPeakPages = 0
    pagesHeldAtPeakLive = 0
  }
}
