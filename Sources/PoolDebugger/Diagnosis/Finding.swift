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

/// What the evidence says is damaged or wrong. One place is a certain claim; two are "either of
/// these"; none is silence.
public struct DamagedPlace: Sendable, Hashable {
  /// What lies there; the raw value is its name in JSON.
  public enum Kind: String, Sendable, Hashable {
    /// A block's header.
    case header
    /// The links of a free block.
    case links
    /// The links of another entry of the same list, whose address the evidence does not tell.
    case neighbouringLinks = "neighbouring-links"
    /// Nothing in memory: the call is wrong.
    case call
    /// The bytes behind a large allocation.
    case endOfLargeAllocation = "end-of-large-allocation"
    /// Bytes near a block.
    case bytes
  }

  /// What lies there.
  public var kind: Kind
  /// Where; nil where the evidence does not tell.
  public var address: UInt64?

  /// A place.
  public init(_ kind: Kind, _ address: UInt64? = nil) {
    self.kind = kind
    self.address = address
  }

  func words(_ width: PointerWidth?) -> String {
    let place = address.map { Hexadecimal.address($0, width) } ?? "?"
    switch kind {
    case .header: return "the header at \(place)"
    case .links: return "the links at \(place)"
    case .neighbouringLinks: return "another entry's links in the same list"
    case .call: return "the call itself"
    case .endOfLargeAllocation: return "the bytes behind the large allocation at \(place)"
    case .bytes: return "bytes near \(place)"
    }
  }

  /// `damaged: either the header at A or the header at B`.
  static func sentence(_ places: [DamagedPlace], _ width: PointerWidth?) -> [String] {
    let words = places.map { $0.words(width) }
    switch words.count {
    case 0: return []
    case 1: return ["damaged or wrong: \(words[0])"]
    default: return ["damaged or wrong: either \(words.joined(separator: " or "))"]
    }
  }
}

extension InspectionReport {
  /// What all findings together say is damaged: what a page and a bug check agree on, else all that
  /// either names.
  public var damaged: [DamagedPlace] { tally.damaged }
}

/// What can be said of a listing.
public enum ListingVerdict: String, Sendable, Hashable {
  /// Whole, and every invariant of its kind holds.
  case healthy
  /// At least one invariant is broken by what is printed, or the debugger says so itself.
  case corrupt
  /// A call was wrong; nothing need be corrupt.
  case wrongCall = "wrong-call"
  /// Allocations were left behind.
  case leak
  /// A pool, or what feeds it, was used up.
  case exhausted
  /// A table gives reason for a second look.
  case suspicious
  /// Nothing is wrong as far as the listing goes, but it does not show everything.
  case incomplete
  /// The evidence does not suffice to say anything.
  case unknown

  /// Whether something was found.
  public var isFinding: Bool {
    switch self {
    case .corrupt, .wrongCall, .leak, .exhausted, .suspicious: true
    case .healthy, .incomplete, .unknown: false
    }
  }
}

/// A listing with what its arithmetic says.
public struct CheckedListing: Sendable, Hashable {
  /// The listing.
  public var listing: Listing
  /// The kind of page, when it is a page and can be told.
  public var layout: PageLayout?
  /// The verdict.
  public var verdict: ListingVerdict
  /// The observations behind it.
  public var findings: [Finding]
  /// The number of blocks (for tables: of rows).
  public var blockCount: Int
}
