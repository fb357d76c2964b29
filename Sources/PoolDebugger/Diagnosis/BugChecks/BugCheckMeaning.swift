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
