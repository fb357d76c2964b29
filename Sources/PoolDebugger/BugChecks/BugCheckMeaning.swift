/// One row of the table of bug checks: what a code with its selecting parameter says.
///
/// Codes, selectors and the roles of parameters are those of Microsoft's bug check reference (Windows
/// debugger documentation, one page a code). What that calls reserved is printed raw and never
/// interpreted, except for header dwords, whose place published vectors agree on.
struct BugCheckMeaning: Sendable {
  /// What a parameter holds.
  enum Role: Sendable, Equatable {
    /// Which check it was; the row's own text says it.
    case selector
    case address(String)
    case bytes(String)
    /// The first dword of a block header.
    case header(String)
    case tag(String)
    case value(String)
    case count(String)
    case poolType
    case interruptLevel
    /// 0 for a read, 1 for a write.
    case access
    case reserved
    /// Documented as zero, or not documented.
    case nothing
  }

  /// What kind of event it is; it decides the verdict and the guidance.
  enum Kind: Sendable, Equatable {
    /// Memory is corrupt.
    case corruption
    /// The tail of an allocation of a page or more is corrupt.
    case largeCorruption
    /// The call itself is wrong; nothing need be corrupt.
    case wrongCall
    /// The access was caught in the act.
    case caught
    case leak
    case exhaustion
    case hardware
    /// Not about pools, or only sometimes.
    case elsewhere
  }

  let code: UInt64
  /// The value of the selecting parameter; nil stands for any.
  let selector: UInt64?
  let kind: Kind
  let text: String
  let roles: [Role]
  let suspect: Suspect
  let next: String

  /// Which parameter selects the row: the fourth for special pool, else the first.
  static func selectorIndex(of code: UInt64) -> Int { code == 0xC1 ? 3 : 0 }

  /// The row of a bug check. Nil for a code that is not in the table.
  static func find(code: UInt64, selector: UInt64?) -> BugCheckMeaning? {
    let code = code & ~0x1000_0000
    guard let rows = byCode[code] else { return nil }
    if let exact = rows.first(where: { $0.selector != nil && $0.selector == selector }) {
      return exact
    }
    return rows.first { $0.selector == nil }
  }

  /// True where the code selects by a parameter, so that an unknown value of it says nothing.
  static func isSelected(code: UInt64) -> Bool {
    byCode[code & ~0x1000_0000]?.contains { $0.selector != nil } ?? false
  }

  /// The page of the reference.
  var source: String {
    "Windows debugger documentation, bug check 0x\(Hexadecimal.text(code))"
  }

  static let all: [BugCheckMeaning] =
    badPoolHeader + badPoolCaller + heapCorruption + verifier + specialPool + faults + others

  private static let byCode = Dictionary(grouping: all, by: \.code)
}

/// Who may have done it, by what the check proves and no further.
enum Suspect: String, Sendable {
  case eitherHeader =
    "either of the two headers; whichever it is, most often the block in front of it wrote past its end"
  case blockInFront = "the block in front of the damaged header, most often"
  case listWriter =
    "a write into freed memory, or an overrun of the block in front of the free one; the damaged link may be a neighbour's in the list"
  case blockItself = "whoever wrote to this block past its end"
  case tailOrHeader = "an overrun at the block's tail (x86) or of its header's second half (x64)"
  case caller = "the caller in the stack"
  case callerOrTag = "the caller in the stack, or whoever overwrote the block's tag"
  case doubleFree =
    "two frees of one block, most often by the tag's owner; an overwritten header looks the same"
  case callerOrCorruption =
    "the caller in the stack, who may free a block twice, or an earlier damage of the block"
  case earlierOwner = "an earlier owner that wrote after its free, or a neighbour's overrun"
  case instruction = "the instruction in the current stack"
  case freeingSide = "whoever freed it too early, or used it too late: two places in one driver"
  case driver = "the driver that was unloaded"
  case hardware = "hardware or device transfers first, then a write that clears a bit"
  case consumers = "the tags that hold the pool, which only a table of tags shows"
  case unknown = "nobody: the parameters do not tell"
}

extension BugCheckMeaning.Kind {
  /// What helps against it, by its mechanism.
  var guidance: Guidance {
    switch self {
    case .corruption: .specialPool
    case .largeCorruption: .ownerStack
    case .wrongCall, .elsewhere: .callStack
    case .caught: .caught
    case .leak: .countedLeak
    case .exhaustion: .leakHunt
    case .hardware: .memoryTest
    }
  }
}

/// What a bug check's parameters say is damaged, and no more than its check compared.
extension BugCheckReading {
  /// Empty where the parameters do not tell.
  func places(_ meaning: BugCheckMeaning) -> [DamagedPlace] {
    let parameters = listing.parameters
    switch (code, listing.parameters[BugCheckMeaning.selectorIndex(of: code)]) {
    case (0x19, 3?): return [.init(.links, parameters[1]), .init(.neighbouringLinks)]
    case (0x19, 5?): return [.init(.header, parameters[1]), .init(.header, parameters[3])]
    case (0x19, 6?), (0x19, 7?), (0x19, 8?), (0x19, 9?): return [.init(.header, parameters[3])]
    case (0x19, 0x20?): return disagreeing()
    case (0x19, 0x21?): return [.init(.endOfLargeAllocation, parameters[1])]
    case (0xC2, 1?), (0xC2, 2?), (0xC2, 4?): return [.init(.header, parameters[1])]
    case (0xC2, 6?), (0xC2, 7?), (0xC4, 0x13?), (0xC4, 0x14?):
      let header = DamagedPlace(.header, headerAddress)
      return isHeaderImplausible ? [header] : [header, .init(.call)]
    case (0xC2, 0x0A?), (0xC2, 0x99?):
      return [.init(.call), .init(.header, parameters[1].map { $0 &- headerBytes })]
    case (0xC2, 0x0B?), (0xC2, 0x0C?), (0xC2, 0x0D?):
      // On 64-bit systems the process stands in the header, else in the block's last bytes.
      return listing.width == .bits64
        ? [.init(.header, parameters[1].map { $0 &- headerBytes })] : [.init(.bytes, parameters[1])]
    case (0xC1, 0x23?), (0xC1, 0x24?), (0xC1, 0x32?): return [.init(.bytes, parameters[1])]
    default: return meaning.kind == .wrongCall ? [.init(.call)] : []
    }
  }

  private var headerBytes: UInt64 { listing.width == .bits64 ? 16 : 8 }

  /// The two headers of 0x19/0x20, or the first alone where its dword is none of a sound header.
  private func disagreeing() -> [DamagedPlace] {
    let first = DamagedPlace(.header, listing.parameters[1])
    if isHeaderImplausible { return [first] }
    guard let next = listing.parameters[2], next != 0 else { return [first] }
    return [first, DamagedPlace(.header, next)]
  }

  /// Whether the dword among the parameters is one that no sound header has.
  private var isHeaderImplausible: Bool {
    guard let dword = headerDword else { return false }
    return !HeaderDword(dword, layout(dword)).implausibilities(at: headerAddress).isEmpty
  }
}

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
