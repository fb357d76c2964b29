/// How much of a trace a recording keeps.
///
/// A trace that exceeds a limit is sampled, never refused: each time that there are too many steps,
/// two neighbours become one, and each time that there are too many pages, every second one is left
/// out.
public struct RecordingLimits: Sendable, Equatable {
  /// The most steps, an even number of at least 2.
  public var steps: Int
  /// The most pages and runs.
  public var pages: Int
  /// The most pieces of pages in all steps together; a piece takes eight bytes.
  public var pieces: Int

  /// Limits; the defaults make a page of a few megabytes.
  public init(steps: Int = 20_000, pages: Int = 4096, pieces: Int = 8_000_000) {
    self.steps = max(2, steps + steps % 2)
    self.pages = max(1, pages)
    self.pieces = max(64, pieces)
  }

  /// The same limits with another one of steps.
  public func with(steps: Int) -> RecordingLimits {
    RecordingLimits(steps: steps, pages: pages, pieces: pieces)
  }
}
