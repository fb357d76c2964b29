import KernelPool
import PoolDebugger
import PoolTrace

/// What a calibrated workload must come to: the figures that a debugger printed of one machine.
///
/// The rows are what `!poolused` lists; the totals are of all tags, listed or not; the pages are
/// the nonpaged pool's usage in `!vm`.
public struct CalibrationTarget: Sendable, Equatable {
  /// Outstanding blocks and their bytes, headers and rounding included.
  public struct Blocks: Sendable, Equatable {
    /// Outstanding allocations.
    public var count: UInt64
    /// Bytes that they take.
    public var bytes: UInt64

    /// A number of blocks and their bytes.
    public init(count: UInt64, bytes: UInt64) { (self.count, self.bytes) = (count, bytes) }
  }

  /// One tag.
  public struct Row: Sendable, Equatable {
    /// The tag.
    public var tag: PoolTag
    /// Its blocks in nonpaged pool.
    public var nonPaged: Blocks
    /// Its blocks in paged pool.
    public var paged: Blocks

    /// A tag with its blocks.
    public init(tag: PoolTag, nonPaged: Blocks, paged: Blocks) {
      (self.tag, self.nonPaged, self.paged) = (tag, nonPaged, paged)
    }
  }

  /// The listed tags.
  public var rows: [Row]
  /// Blocks of all tags in nonpaged pool.
  public var nonPaged: Blocks
  /// Blocks of all tags in paged pool.
  public var paged: Blocks
  /// Pages that the nonpaged pool uses.
  public var nonPagedPages: UInt64
  /// Pages that the nonpaged pool can have; nil where that is not known.
  public var nonPagedLimit: UInt64?
  /// Pages that the paged pool can have; nil where that is not known.
  public var pagedLimit: UInt64?

  /// A target from its figures.
  public init(
    rows: [Row], nonPaged: Blocks, paged: Blocks, nonPagedPages: UInt64,
    nonPagedLimit: UInt64? = nil, pagedLimit: UInt64? = nil
  ) {
    self.rows = rows
    (self.nonPaged, self.paged) = (nonPaged, paged)
    self.nonPagedPages = nonPagedPages
    (self.nonPagedLimit, self.pagedLimit) = (nonPagedLimit, pagedLimit)
  }

  /// The largest plausible number of pages: 2^32 pages are 16 TB.
  private static let mostPages: UInt64 = 1 << 32

  /// The target that listings give: one `!poolused` with its TOTAL, and the usage from one `!vm`
  /// or, where it is given, `usagePages`.
  public init(
    listings: [Listing], usagePages: UInt64? = nil
  ) throws(CalibrationError) {
    let tables = listings.compactMap { listing -> PoolUsedListing? in
      if case .poolUsed(let table) = listing.content { table } else { nil }
    }
    let memories = listings.compactMap { listing -> VirtualMemoryListing? in
      if case .virtualMemory(let memory) = listing.content { memory } else { nil }
    }
    guard tables.count == 1, let table = tables.first, let total = table.total else {
      throw CalibrationError("one !poolused table with its line TOTAL is needed")
    }
    guard memories.count <= 1, let pages = usagePages ?? Self.usage(memories.first) else {
      throw CalibrationError(
        "a usage is needed: one !vm listing with NonPagedPool Usage, or a number of pages")
    }
    func limit(_ label: String) -> UInt64? {
      memories.first?.value(label).map(\.pages).flatMap { $0 > 0 && $0 < Self.mostPages ? $0 : nil }
    }
    self.init(
      rows: table.rows.map(Self.row), nonPaged: Self.blocks(total.nonpaged),
      paged: Self.blocks(total.paged), nonPagedPages: pages,
      nonPagedLimit: limit("NonPagedPool Max"), pagedLimit: limit("PagedPool Maximum"))
  }

  private static func usage(_ memory: VirtualMemoryListing?) -> UInt64? {
    guard let usage = memory?.value("NonPagedPool Usage") else { return nil }
    let noExecute = memory?.value("NonPagedPoolNx Usage")?.pages ?? 0
    let (sum, overflow) = usage.pages.addingReportingOverflow(noExecute)
    return overflow ? nil : sum
  }

  private static func row(_ row: PoolUsedListing.Row) -> Row {
    Row(
      tag: PoolTag(word: row.tag.rawValue), nonPaged: blocks(row.nonpaged),
      paged: blocks(row.paged))
  }

  private static func blocks(_ usage: PoolUsedListing.Usage) -> Blocks {
    Blocks(count: usage.outstanding, bytes: usage.usedBytes)
  }
}

/// Why a workload with the wanted figures cannot be made.
public struct CalibrationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong, in words for the user.
  public let message: String

  /// An error from its words.
  public init(_ message: String) { self.message = message }

  /// The words.
  public var description: String { message }
}

/// How a calibrated workload is made: everything but the figures that it must meet.
public struct CalibrationRecipe: Sendable, Equatable {
  /// The system.
  public var profile: Profile = TraceConfiguration.defaultProfile
  /// What every choice follows from.
  public var seed: UInt64 = 1
  /// Bytes of the driver's contiguous buffers, as it asks for them.
  public var bufferBytes: UInt64 = 0xF10
  /// The spells in which the driver takes and gives back buffers.
  public var spells: UInt64 = 16
  /// How far the usage may be from the target, as a share of it.
  var tolerance = 0.01

  /// The story's recipe: Windows 2003 on x86 and buffers of 0xF10 bytes.
  public init() {}

  /// Words of a recipe file that name listings rather than settings.
  public enum Source: Equatable, Sendable {
    /// A file with a `!poolused` table.
    case poolUsed(String)
    /// A file with a `!vm` listing.
    case virtualMemory(String)
    /// The usage in pages.
    case usage(UInt64)
  }

  /// Applies one `KEY VALUE` of a recipe; returns what it names where that is a source.
  public mutating func apply(
    key: String, value: String
  ) throws(CalibrationError) -> Source? {
    switch key {
    case "poolused": return .poolUsed(value)
    case "vm": return .virtualMemory(value)
    case "usage": return .usage(try Self.number(key, value, 1...1 << 32))
    case "profile":
      guard let profile = Profile.named(value) else {
        throw CalibrationError(
          "there is no profile '\(value)'; there are "
            + Profile.all.map(\.name).joined(separator: ", "))
      }
      self.profile = profile
    case "seed": seed = try Self.number(key, value, 0...UInt64.max)
    case "buffer": bufferBytes = try Self.number(key, value, 1...1 << 20)
    case "spells": spells = try Self.number(key, value, 1...1 << 16)
    default:
      throw CalibrationError(
        "'\(key)' is no key; there are poolused, vm, usage, profile, seed, buffer and spells")
    }
    return nil
  }

  /// Reads a recipe file: a `KEY VALUE` on each line, `#` before comments. Errors name the line.
  public static func read(
    _ text: String
  ) throws(CalibrationError) -> (recipe: CalibrationRecipe, sources: [Source]) {
    var recipe = CalibrationRecipe()
    var sources: [Source] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard !words.isEmpty else { continue }
      guard words.count == 2 else {
        throw CalibrationError("line \(index + 1): expected KEY VALUE")
      }
      do {
        if let source = try recipe.apply(key: String(words[0]), value: String(words[1])) {
          sources.append(source)
        }
      } catch {
        throw CalibrationError("line \(index + 1): \(error.message)")
      }
    }
    return (recipe, sources)
  }

  private static func number(
    _ key: String, _ text: String, _ range: ClosedRange<UInt64>
  ) throws(CalibrationError) -> UInt64 {
    let isHexadecimal = text.hasPrefix("0x")
    let digits = isHexadecimal ? text.dropFirst(2) : text[...]
    guard digits.utf8.first.map({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) ?? false,
      let number = UInt64(digits, radix: isHexadecimal ? 16 : 10), range.contains(number)
    else { throw CalibrationError("\(key) is a number in \(range), not '\(text)'") }
    return number
  }
}

/// One line of a workload that is being made.
public enum WorkloadLine: Equatable, Sendable {
  /// Words for the reader.
  case comment(String)
  /// An operation.
  case operation(PoolTrace.Operation)
}

extension WorkloadLine {
  /// Appends the line to a trace, line feed included.
  public func append(to bytes: inout [UInt8]) {
    switch self {
    case .comment(let text): TraceWriter.append(comment: text, to: &bytes)
    case .operation(let operation): TraceWriter.append(operation, to: &bytes)
    }
  }
}
