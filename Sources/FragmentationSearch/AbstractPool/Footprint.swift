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

  /// Counts a block that was taken, when so many pages are held with it. For targets that learn
  /// elsewhere what they hold.
  public mutating func noteAllocation(units: Int, pagesHeld: Int) {
    self.pagesHeld = pagesHeld
    liveUnits += units
    liveBlocks += 1
    if liveUnits > peakLiveUnits {
      peakLiveUnits = liveUnits
      pagesHeldAtPeakLive = pagesHeld
    }
    if pagesHeld > peakPagesHeld {
      peakPagesHeld = pagesHeld
      liveUnitsAtPeakPages = liveUnits
    }
  }

  /// Counts a block that was given back, when so many pages are still held.
  public mutating func noteRelease(units: Int, pagesHeld: Int) {
    self.pagesHeld = pagesHeld
    liveUnits -= units
    liveBlocks -= 1
  }
}
