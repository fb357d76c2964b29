/// One piece of debugger output, recognised.
public struct Listing: Sendable, Hashable {
  /// What the piece says.
  public enum Content: Sendable, Hashable {
    /// `!pool`, one page.
    case pool(PoolListing)
    /// poolinfo's `!poolpage`.
    case poolInfoPage(PoolListing)
    /// `!poolused`.
    case poolUsed(PoolUsedListing)
    /// `!vm`.
    case virtualMemory(VirtualMemoryListing)
    /// `!poolfind`.
    case poolFind(PoolFindListing)
    /// `!poolval`.
    case poolValidation(PoolValidationListing)
    /// `!lookaside`.
    case lookaside(LookasideListing)
    /// PoolMon.
    case poolMonitor(PoolMonitorListing)
    /// A table of tags of another make.
    case tagTable(TagTableListing)
    /// Bytes of memory.
    case memory(MemoryListing)
    /// A block header taken apart by its fields.
    case header(HeaderListing)
    /// Allocations one by one.
    case allocations(AllocationListing)
    /// A bug check.
    case bugCheck(BugCheckListing)
    /// An event that says that a pool was empty.
    case poolEmpty(PoolEmptyEvent)
    /// Nothing but sentences of the debugger that belong to no page.
    case messages([DebuggerMessage])
  }

  /// The name of the file or stream.
  public var source: String
  /// The line of the source that it begins on, from 1.
  public var line: Int
  /// What it says.
  public var content: Content
  /// Its place among the pieces of all sources that were begun, empty ones counted, from 0.
  public internal(set) var ordinal = 0

  var isBugCheck: Bool {
    if case .bugCheck = content { true } else { false }
  }

  /// The name of the kind in JSON and in reports.
  public var kindName: String {
    switch content {
    case .pool, .messages: "pool"
    case .poolInfoPage: "poolpage"
    case .poolUsed: "poolused"
    case .virtualMemory: "vm"
    case .poolFind: "poolfind"
    case .poolValidation: "poolval"
    case .lookaside: "lookaside"
    case .poolMonitor: "poolmon"
    case .tagTable: "tags"
    case .memory: "memory"
    case .header: "header"
    case .allocations(let list): list.tool.rawValue
    case .bugCheck: "bugcheck"
    case .poolEmpty: "event"
    }
  }
}

/// Everything that was recognised in a text.
public struct ParsedOutput: Sendable, Hashable {
  /// The pieces of output in the order in which they begin.
  public var listings: [Listing] = []
  /// The odd lines, at most `ListingReader.mostWarnings` of them.
  public var warnings: [ParseWarning] = []
  /// All odd lines, also those that are not kept.
  public var warningCount = 0
  /// Lines with text that no rule recognises: prose, prompts of other programs, noise.
  public var unrecognisedLines = 0
  /// All lines.
  public var lines = 0
  /// All pieces that were begun, empty ones and those taken before counted.
  var begunListings = 0
}

/// Something that a debugger would not have printed in just that way.
///
/// Warnings are why `--strict` refuses a text; without it they are reported and reading goes on.
public struct ParseWarning: Sendable, Hashable {
  /// The name of the file or stream.
  public var source: String
  /// The line, from 1.
  public var line: Int
  /// What is odd about it, in a sentence.
  public var text: String

  /// `FILE:LINE: text`.
  public var description: String { "\(source):\(line): \(text)" }
}

/// A table that is still being read.
///
/// It is kept outside the list of listings until it ends, so that adding a row never copies the
/// rows before it, and it remembers its keys, so that a repeated line is found at once: the cost of
/// a table is linear in its lines.
struct OpenTable<Content: Sendable, Key: Hashable & Sendable>: Sendable {
  var index: Int
  var content: Content
  var known: [Key: Int] = [:]
}

extension ParsedOutput {
  /// Ends a table: what was collected becomes the content of its listing.
  mutating func close<Content, Key>(
    _ table: inout OpenTable<Content, Key>?, _ wrap: (Content) -> Listing.Content
  ) {
    guard let open = table else { return }
    listings[open.index].content = wrap(open.content)
    table = nil
  }
}

/// The pointer width of the system that a listing comes from, as its addresses show it: eight
/// digits or sixteen.
public enum PointerWidth: Sendable, Hashable {
  /// x86: block headers of 8 bytes, sizes in multiples of 8.
  case bits32
  /// x64: block headers of 16 bytes, sizes in multiples of 16.
  case bits64

  /// The size of a block header and the multiple of every block size, in bytes (Mandt 2011).
  public var unitBytes: UInt64 { self == .bits32 ? 8 : 16 }
}
