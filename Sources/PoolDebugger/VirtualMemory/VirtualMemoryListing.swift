/// The output of `!vm`, of any era.
public struct VirtualMemoryListing: Sendable, Hashable {
  /// A line `label: pages ( kilobytes Kb)`.
  public struct Value: Sendable, Hashable {
    /// The label, blanks collapsed: `NonPagedPool Usage`, `PagedPool 0 Usage`, `PagedPool 0`.
    public var label: String
    /// Pages of 4,096 bytes.
    public var pages: UInt64
    /// Kilobytes as printed.
    public var kilobytes: UInt64
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// A page file or the swap store without a name, sizes in kilobytes.
  public struct PageFile: Sendable, Hashable {
    /// The path, or nil for `No Name for Paging File`.
    public var path: String?
    /// Kilobytes: current size, free, minimum, maximum; nil where the listing lacks them.
    public var current: UInt64?
    /// Free kilobytes.
    public var free: UInt64?
    /// The smallest size in kilobytes.
    public var minimum: UInt64?
    /// The largest size in kilobytes.
    public var maximum: UInt64?
  }

  /// A row of the table of system regions (flag 0x20).
  public struct Region: Sendable, Hashable {
    /// The region's name.
    public var name: String
    /// Its first address.
    public var baseAddress: UInt64
    /// Its length in bytes.
    public var lengthBytes: UInt64
  }

  /// The value lines in the order of the listing.
  public var values: [Value] = []
  /// The page files.
  public var pageFiles: [PageFile] = []
  /// The system regions.
  public var regions: [Region] = []
  /// Lines between rows of asterisks, asterisks dropped.
  public var warnings: [String] = []

  /// The value with this label, if it is there.
  public func value(_ label: String) -> Value? { values.first { $0.label == label } }
}

/// Lines of `!vm`, recognised by the shape `label: pages ( kilobytes Kb)` whatever the labels.
enum VirtualMemoryLine {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.next == 0x2A { return stars(scanner) }
    if scanner.skip("Page File:") { return .pageFile(path: scanner.rest) }
    if scanner.skip("No Name for Paging File") { return .pageFile(path: nil) }
    if let sizes = pageFileSizes(scanner) { return sizes }
    if let value = value(scanner) { return .virtualMemoryValue(value) }
    if isBrokenValue(scanner) { return .brokenValue }
    if let region = region(scanner) { return .virtualMemoryRegion(region) }
    for phrase: StaticString in [
      "Syspart SharedCommit ", "Unimplemented error for MiSystemVaType", "System Region ",
    ] {
      if scanner.skip(phrase) { return .virtualMemoryRemark }
    }
    return nil
  }

  private static func stars(_ line: ByteScanner) -> RecognisedLine? {
    if line.contains("Virtual Memory Usage") { return .virtualMemoryTitle }
    guard line.contains("***") else { return nil }
    let stars: Set<UInt8> = [0x2A, 0x20]
    var text = line.bytes[line.position...]
    while let first = text.first, stars.contains(first) { text.removeFirst() }
    while let last = text.last, stars.contains(last) { text.removeLast() }
    for phrase: StaticString in ["have failed", "Pool Usage", "exceeds overall commit"]
    where line.contains(phrase) {
      return .virtualMemoryWarning(String(decoding: text, as: UTF8.self))
    }
    return nil
  }

  private static func pageFileSizes(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    if scanner.skip("Current: ") {
      guard let current = scanner.decimal(), scanner.skip(" Kb Free Space: "),
        let free = scanner.decimal()
      else { return .odd("a page file line without its sizes") }
      return .pageFileSizes(current: current, free: free)
    }
    if scanner.skip("Minimum: ") {
      guard let minimum = scanner.decimal(), scanner.skip(" Kb Maximum: "),
        let maximum = scanner.decimal()
      else { return .odd("a page file line without its limits") }
      return .pageFileLimits(minimum: minimum, maximum: maximum)
    }
    return nil
  }

  private static func value(_ line: ByteScanner) -> VirtualMemoryListing.Value? {
    guard let colon = line.bytes[line.position...].firstIndex(of: 0x3A) else { return nil }
    var scanner = ByteScanner(line.bytes, at: colon + 1)
    scanner.skipBlanks()
    guard let pages = scanner.decimal(), scanner.skip(" ( "), let kilobytes = scanner.decimal(),
      scanner.skip(" Kb)")
    else { return nil }
    let label = collapsed(line.bytes[line.position..<colon])
    guard !label.isEmpty, label.utf8.count <= 64 else { return nil }
    return VirtualMemoryListing.Value(label: label, pages: pages, kilobytes: kilobytes, line: 0)
  }

  /// `NonPagedPool Usage: 25463 ( 101852`, as a mail program leaves it.
  private static func isBrokenValue(_ line: ByteScanner) -> Bool {
    guard let colon = line.bytes[line.position...].firstIndex(of: 0x3A) else { return false }
    var scanner = ByteScanner(line.bytes, at: colon + 1)
    scanner.skipBlanks()
    guard scanner.decimal() != nil, scanner.skip(" (") else { return false }
    scanner.skipBlanks()
    _ = scanner.decimal()
    _ = scanner.skip(" Kb")
    scanner.skipBlanks()
    return scanner.isAtEnd
  }

  /// `NonPagedPool : ffff828000000000 100000000000`.
  private static func region(_ line: ByteScanner) -> VirtualMemoryListing.Region? {
    guard let colon = line.bytes[line.position...].firstIndex(of: 0x3A) else { return nil }
    var scanner = ByteScanner(line.bytes, at: colon + 1)
    scanner.skipBlanks()
    guard let base = ListedAddress.scan(&scanner) else { return nil }
    scanner.skipBlanks()
    guard let length = scanner.hexadecimal() else { return nil }
    scanner.skipBlanks()
    let name = collapsed(line.bytes[line.position..<colon])
    guard scanner.isAtEnd, !name.isEmpty, name.utf8.count <= 64 else { return nil }
    return VirtualMemoryListing.Region(
      name: name, baseAddress: base.value, lengthBytes: length)
  }

  private static func collapsed(_ bytes: ArraySlice<UInt8>) -> String {
    let words = bytes.split { $0 == 0x20 || $0 == 0x09 }
    return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
  }
}
