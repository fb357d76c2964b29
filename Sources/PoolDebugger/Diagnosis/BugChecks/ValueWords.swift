/// What a raw value looks like: text, a fill, a part of a pointer.
///
/// A tag is four printable bytes; anything else is shown in hexadecimal with what it resembles.
enum ValueWords {
  /// `'CKBJ'`, or the dword and its likeness.
  static func tag(_ value: UInt64) -> String {
    guard value <= 0xFFFF_FFFF else { return "0x\(Hexadecimal.text(value)), no tag" }
    // The protected bit is no part of the tag.
    let dword = UInt32(value)
    for candidate in [dword, dword & 0x7FFF_FFFF] where isText(candidate) {
      return "'\(ListedTag(rawValue: candidate))'"
    }
    let likeness = likeness(value).map { ": it resembles \($0)" } ?? ""
    return "0x\(Hexadecimal.text(value)), no tag\(likeness)"
  }

  static func isText(_ dword: UInt32) -> Bool {
    ListedTag(rawValue: dword).bytes.allSatisfy { (0x20...0x7E).contains($0) }
  }

  /// What a value that should be something else resembles; nil for nothing in particular.
  static func likeness(_ value: UInt64, width: PointerWidth? = nil) -> String? {
    if value == 0 { return nil }
    let count = value > 0xFFFF_FFFF || width == .bits64 ? 8 : 4
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    let meaningful = bytes.prefix { $0 != 0 }
    if meaningful.count >= 4, meaningful.allSatisfy({ (0x20...0x7E).contains($0) }),
      bytes.dropFirst(meaningful.count).allSatisfy({ $0 == 0 })
    {
      return "the text \"\(String(decoding: meaningful, as: UTF8.self))\""
    }
    if let first = bytes.first, bytes.allSatisfy({ $0 == first }), first != 0xFF {
      return "a fill of bytes 0x\(Hexadecimal.text(UInt64(first), digits: 2))"
    }
    if value <= 0xFFFF_FFFF, value >= 0xFFFF_0000 { return "the upper half of a kernel address" }
    if value <= 0xFFFF { return "a small number" }
    return nil
  }

  /// The name of a POOL_TYPE argument.
  static func poolType(_ value: UInt64) -> String {
    guard value <= 0xFFFF else { return "no pool type" }
    var words = value & 1 != 0 ? "paged" : "nonpaged"
    if value & 0x200 != 0 { words += ", not executable" }
    if value & 4 != 0 { words += ", cache aligned" }
    if value & 0x20 != 0 { words += ", session" }
    return words
  }

  /// The name of an interrupt level.
  static func interruptLevel(_ value: UInt64) -> String {
    switch value {
    case 0: "PASSIVE_LEVEL"
    case 1: "APC_LEVEL"
    case 2: "DISPATCH_LEVEL"
    case 3...31: "above DISPATCH_LEVEL"
    default: "no interrupt level"
    }
  }
}
