import KernelPool

/// Where a request of so many bytes goes on each system: header, block, list, waste, lookaside
/// class; from the segment heap on, the back end.
public struct SizeExplanation: Sendable {
  /// What one system does with the request.
  public struct Row: Sendable, Hashable {
    /// The profile's name, or the segment heap's versions.
    public var system: String
    /// The allocator that serves it.
    public var place: String
    /// Bytes of the header in front of the data.
    public var headerBytes: UInt64
    /// Bytes that the block takes, header included.
    public var blockBytes: UInt64
    /// Bytes of the block that are neither header nor data.
    public var wasteBytes: UInt64
    /// The units of the block, which number the free list and the lookaside class; nil for pages.
    public var list: UInt64?
    /// Whether a lookaside list serves the class.
    public var hasLookaside: Bool
    /// What is unverified or disputed about it.
    public var doubt: String?
    /// Bytes of its page beside the block, where no second one of its size fits into the page; nil where
    /// one does, and for pages.
    public var remainderBytes: UInt64?
  }

  /// The bytes asked for.
  public let bytes: UInt64
  /// The system that is asked about; nil for all of them.
  public let profile: Profile?

  /// An explanation of a request.
  public init(bytes: UInt64, profile: Profile? = nil) {
    self.bytes = bytes
    self.profile = profile
  }

  /// One row for each version of the model, then the segment heap's; or that of one system.
  public var rows: [Row] { profile.map { [row($0)] } ?? Profile.all.map(row) + [segmentHeap] }

  private func row(_ profile: Profile) -> Row {
    let header = UInt64(profile.header.bytes)
    let data = max(bytes, 1)
    guard bytes <= profile.largestSmallRequest else {
      let pages = Self.roundedUp(bytes, to: profile.pageBytes)
      return Row(
        system: profile.name, place: "whole pages, listed in the table of large allocations",
        headerBytes: 0, blockBytes: pages,
        wasteBytes: profile.largeTail == .fragment ? 0 : pages - bytes, list: nil,
        hasLookaside: false,
        doubt: profile.largeTail == .fragment && pages > bytes
          ? "the rest of the last page becomes a Frag block and a free block" : nil)
    }
    let units = profile.units(forRequest: bytes)
    let block = units * profile.unitBytes
    return Row(
      system: profile.name, place: "a block in a page", headerBytes: header, blockBytes: block,
      wasteBytes: block - header - data, list: units,
      hasLookaside: units <= profile.lookasideClasses,
      doubt: profile.smallRequestLimit == nil && profile.header == .windows2000
        ? "the largest small request of this version is unverified" : nil,
      remainderBytes: block > profile.pageBytes / 2 && block < profile.pageBytes
        ? profile.pageBytes - block : nil)
  }

  /// Windows 10 1809 and later, as reverse engineering published it (SSTIC 2020; 20H2).
  private var segmentHeap: Row {
    let system = "windows-10-1809 and later, x64"
    let header: UInt64 = bytes <= 0xFE0 ? 16 : 0
    let whole = Self.roundedUp(bytes, to: 0x1000)
    let isPages = bytes > 0xFE0 && bytes.isMultiple(of: 0x1000)
    if bytes > 0x7F_0000 {
      return Row(
        system: system, place: "a large allocation of its own", headerBytes: 0, blockBytes: whole,
        wasteBytes: whole - bytes, list: nil, hasLookaside: false, doubt: nil)
    }
    if isPages || bytes > 0x20000 {
      let unit: UInt64 = bytes > 0x7_F000 ? 0x10000 : 0x1000
      let pages = Self.roundedUp(bytes, to: unit)
      return Row(
        system: system, place: "pages of a segment, in units of 0x\(Hexadecimal.text(unit))",
        headerBytes: 0, blockBytes: pages, wasteBytes: pages - bytes, list: nil,
        hasLookaside: false, doubt: "where the two kinds of segments divide is disputed")
    }
    let block = Self.roundedUp(max(bytes, 1) + header, to: 16)
    let isLow = block <= 0x200
    return Row(
      system: system,
      place: isLow
        ? "low fragmentation heap once its bucket is active (17 blocks in use, or some 2,000 "
          + "requests), else a chunk of variable size"
        : "a chunk of variable size, with 16 bytes of its own in front of the block",
      headerBytes: header, blockBytes: block + (isLow ? 0 : 16),
      wasteBytes: block - header - max(bytes, 1), list: nil,
      hasLookaside: bytes > 0x200 && bytes <= 0xF80,
      doubt: isLow
        ? "the limit of the low fragmentation heap is 0x200 or 0x1e0, by source"
        : "the dynamic lookaside ends at 0xf80 or 0xfe0, by source")
  }

  private static func roundedUp(_ value: UInt64, to unit: UInt64) -> UInt64 {
    let (sum, overflow) = value.addingReportingOverflow(unit - 1)
    return overflow ? value : sum / unit * unit
  }

  /// The table for people.
  public var text: String {
    var lines = [
      "A request of 0x\(Hexadecimal.text(bytes)) (\(DecimalText.grouped(bytes))) bytes:", "",
    ]
    for row in rows {
      var line =
        "\(row.system): 0x\(Hexadecimal.text(row.blockBytes)) bytes, "
        + "\(row.headerBytes) of header, \(DecimalText.grouped(row.wasteBytes)) wasted"
      if let list = row.list { line += ", list \(list)" }
      line += row.hasLookaside ? ", lookaside" : ", no lookaside"
      lines.append(line)
      lines.append("    \(row.place)")
      if let rest = row.remainderBytes {
        lines.append(
          "    leaves 0x\(Hexadecimal.text(rest)) (\(DecimalText.grouped(rest))) bytes of its page, in "
            + "which small blocks of others can settle"
            + (rest < PageCheck.pageBytes / 4 ? "; 0x1000 takes the page whole" : ""))
      }
      if let doubt = row.doubt { lines.append("    note: \(doubt)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
