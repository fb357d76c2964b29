/// The output of `!lookaside`.
public struct LookasideListing: Sendable, Hashable {
  /// One list.
  public struct List: Sendable, Hashable {
    /// The symbol's name.
    public var name: String
    /// The address of the list head.
    public var address: UInt64
    /// The tag of its blocks.
    public var tag: ListedTag?
    /// The fields by their printed names; counts and bytes are decimal, `Type` hexadecimal.
    public var fields: [Field] = []
    /// The line it begins on, from 1.
    public var line: Int

    /// The first field of this name.
    public func value(_ name: String) -> UInt64? { fields.first { $0.name == name }?.value }
  }

  /// A field `name = value`; `Hit Rate` occurs twice, for allocations and for frees.
  public struct Field: Sendable, Hashable {
    /// The printed name.
    public var name: String
    /// The value.
    public var value: UInt64
  }

  /// The lists in the order of the listing.
  public var lists: [List] = []
}

/// Lines of `!lookaside`.
enum LookasideLine {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.skip("Lookaside \"") { return head(scanner) }
    if scanner.skip("Total NonPaged ") || scanner.skip("Total Paged ") {
      return line.contains("for above lists") ? .lookasideTotal : nil
    }
    let fields = fields(scanner)
    return fields.isEmpty ? nil : .lookasideFields(fields)
  }

  private static func head(_ line: ByteScanner) -> RecognisedLine {
    var scanner = line
    let broken = RecognisedLine.odd("a lookaside list without address or tag")
    guard let quote = scanner.bytes[scanner.position...].firstIndex(of: 0x22) else {
      return broken
    }
    let name = String(decoding: scanner.bytes[scanner.position..<quote], as: UTF8.self)
    scanner.position = quote + 1
    guard scanner.skip(" @ "), let address = ListedAddress.scan(&scanner) else { return broken }
    var tag: ListedTag?
    if scanner.skip(" Tag(hex): 0x"), let value = scanner.hexadecimal(), value <= 0xFFFF_FFFF {
      tag = ListedTag(rawValue: UInt32(value))
    }
    return .lookasideHead(
      LookasideListing.List(name: name, address: address.value, tag: tag, line: 0))
  }

  /// The names that occur; anything else with an equals sign is somebody else's line.
  private static let names: [(StaticString, String)] = [
    ("Type", "Type"), ("Current Depth", "Current Depth"), ("Max Depth", "Max Depth"),
    ("Size", "Size"), ("Max Alloc", "Max Alloc"), ("AllocateMisses", "AllocateMisses"),
    ("FreeMisses", "FreeMisses"), ("TotalAllocates", "TotalAllocates"),
    ("TotalFrees", "TotalFrees"), ("Hit Rate", "Hit Rate"),
  ]

  private static func fields(_ line: ByteScanner) -> [LookasideListing.Field] {
    var scanner = line
    var fields: [LookasideListing.Field] = []
    while true {
      scanner.skipBlanks()
      guard let field = field(&scanner) else { return fields }
      fields.append(field)
      _ = scanner.skip(0x25)
    }
  }

  private static func field(_ scanner: inout ByteScanner) -> LookasideListing.Field? {
    for (phrase, name) in names {
      var attempt = scanner
      guard attempt.skip(phrase), attempt.skip(" = ") else { continue }
      guard let value = name == "Type" ? attempt.hexadecimal() : attempt.decimal() else {
        continue
      }
      scanner = attempt
      return LookasideListing.Field(name: name, value: value)
    }
    return nil
  }
}
