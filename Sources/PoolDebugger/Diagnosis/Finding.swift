/// One observation on a listing, with what it rests on.
public struct Finding: Sendable, Hashable {
  /// The rule that made the observation; the raw value is its name in JSON.
  public enum Rule: String, Sendable, Hashable {
    /// A block of zero bytes.
    case sizeZero = "size-zero"
    /// A size or previous size that is no multiple of the header size.
    case sizeAlignment = "size-alignment"
    /// A block header at an address that is no multiple of the header size.
    case addressAlignment = "address-alignment"
    /// A block that runs past the end of its page.
    case pastPageEnd = "past-page-end"
    /// A block that runs into the next listed one.
    case overlap
    /// A previous size that contradicts the block before.
    case previousSize = "previous-size"
    /// A header's bytes that no sound header has.
    case overwrittenHeader = "overwritten-header"
    /// A free block's links that no list has.
    case links
    /// Headers or allocations in words.
    case blockHeader = "block-header"
    /// A block of another size, or off the grid, among blocks of one size.
    case stride
    /// The debugger could not believe the header that follows the last listed block.
    case implausibleHeader = "implausible-header"
    /// The page continues a large allocation, but its filler is not tagged `Frag`.
    case fragmentHeader = "frag-header"
    /// The debugger says that the page is corrupt.
    case debuggerVerdict = "debugger-verdict"
    /// A bug check that reports corruption.
    case bugCheck = "bug-check"
    /// A bug check that reports a wrong call.
    case wrongCall = "wrong-call"
    /// Allocations that were left behind.
    case leak
    /// A pool that was used up.
    case exhausted
    /// A bug check that says nothing of the pool, or whose meaning is not published.
    case unknownBugCheck = "unknown-bug-check"
    /// Blocks are missing from the listing.
    case missingLines = "missing-lines"
    /// The text is no genuine debugger output.
    case notGenuine = "not-genuine"
    /// Looks odd and is normal on this version.
    case normalOddity = "normal-oddity"
    /// The debugger could not read what was asked for.
    case debuggerLimit = "debugger-limit"
    /// A printed number that cannot be true.
    case artefact
    /// Numbers of one table that contradict each other.
    case arithmetic
  }

  /// The rule that made the observation.
  public var rule: Rule
  /// Where, if it concerns an address.
  public var address: UInt64?
  /// The observation in a sentence.
  public var text: String
  /// The lines it rests on, `FILE:LINE: what stands there`.
  public var evidence: [String] = []
  /// What it says is damaged or wrong: one place for certain, or either of two.
  public var places: [DamagedPlace] = []

  /// Whether the observation is of something wrong.
  public var isWrong: Bool {
    switch rule {
    case .wrongCall, .leak, .exhausted: true
    default: isCorruption
    }
  }

  /// Whether the observation means that memory is corrupt.
  public var isCorruption: Bool {
    switch rule {
    case .sizeZero, .sizeAlignment, .addressAlignment, .pastPageEnd, .overlap, .previousSize,
      .stride, .implausibleHeader, .debuggerVerdict, .bugCheck, .overwrittenHeader, .links:
      true
    case .blockHeader, .wrongCall, .leak, .exhausted, .unknownBugCheck, .fragmentHeader,
      .missingLines,
      .notGenuine, .normalOddity, .debuggerLimit, .artefact,
      .arithmetic:
      false
    }
  }
}
