/// A bug check's code and parameters, in whatever form somebody pasted them.
public struct BugCheckListing: Sendable, Hashable {
  /// A line of the debugger's analysis that goes with it, `FAILURE_BUCKET_ID: ...` for example.
  public struct Field: Sendable, Hashable {
    /// The name in front of the colon.
    public var name: String
    /// What stands behind it.
    public var value: String
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// The code, for example 0x19 (BAD_POOL_HEADER); nil where the text lacks it.
  public var code: UInt64?
  /// The code was told by the words beside the parameters, since the text lacks it.
  var isCodeInferred = false
  /// The four parameters; nil where the text lacks one.
  public var parameters: [UInt64?] = [nil, nil, nil, nil]
  /// The pointer width that the digits show; nil when they do not tell.
  public var width: PointerWidth?
  /// The words that stand beside it (operating system, circumstances).
  public var remark = ""
  /// What the debugger's analysis says of it.
  public var fields: [Field] = []
  /// The stack at the bug check, the innermost frame first.
  public var frames: [StackFrame] = []
  /// The other lines on which the same bug check begins again, from 1.
  public var repeatedLines: [Int] = []

  /// A bug check of which nothing but the code is known yet.
  public init(code: UInt64?) { self.code = code }

  /// The value of the first field of this name.
  public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// Notes a parameter; false where the text gave another value before.
  mutating func note(_ value: UInt64, at index: Int, digits: Int) -> Bool {
    if value > 0xFFFF_FFFF || digits > 8 {
      width = .bits64
    } else if value >= 0x8000_0000, width == nil {
      width = .bits32
    }
    guard let known = parameters[index] else {
      parameters[index] = value
      return true
    }
    return known == value
  }

  /// True where both may be the same event: the codes agree and no parameter differs.
  func agrees(with other: BugCheckListing) -> Bool {
    if let code, let theirs = other.code, code != theirs { return false }
    let pairs = zip(parameters, other.parameters)
    if pairs.contains(where: { $0 != nil && $1 != nil && $0 != $1 }) { return false }
    return code == other.code || pairs.contains { $0 != nil && $0 == $1 }
  }

  /// Takes over what the other one knows more.
  mutating func merge(_ other: BugCheckListing, line: Int) {
    if code == nil || (isCodeInferred && !other.isCodeInferred && other.code != nil) {
      code = other.code ?? code
      isCodeInferred = other.isCodeInferred
    }
    for (index, value) in other.parameters.enumerated() where parameters[index] == nil {
      parameters[index] = value
    }
    if other.width == .bits64 || width == nil { width = other.width ?? width }
    if remark.isEmpty { remark = other.remark }
    for field in other.fields where !fields.contains(where: { $0.name == field.name }) {
      fields.append(field)
    }
    if frames.isEmpty { frames = other.frames }
    repeatedLines += [line] + other.repeatedLines
  }

  /// Joins the bug checks among the listings that are the same event, however often they were
  /// pasted.
  static func mergeRepeated(_ listings: inout [Listing]) {
    var firsts: [Int] = []
    var repeated: Set<Int> = []
    for (index, listing) in listings.enumerated() {
      guard case .bugCheck(let check) = listing.content else { continue }
      let same = firsts.first { first in
        guard case .bugCheck(let known) = listings[first].content else { return false }
        return known.agrees(with: check)
      }
      guard let same, case .bugCheck(var known) = listings[same].content else {
        if firsts.count < mostDistinct { firsts.append(index) }
        continue
      }
      known.merge(check, line: listing.line)
      listings[same].content = .bugCheck(known)
      repeated.insert(index)
    }
    guard !repeated.isEmpty else { return }
    listings = listings.enumerated().filter { !repeated.contains($0.offset) }.map(\.element)
  }

  /// So many different ones are compared with each other.
  private static let mostDistinct = 256
}

/// An entry of the event log that says that a pool was empty: 2019 and 2020 of source Srv.
public struct PoolEmptyEvent: Sendable, Hashable {
  /// Paged (2020) or not (2019).
  public var isPaged: Bool
}

/// The names of bug checks: all that concern pools, and those that are met most often otherwise.
enum BugCheckNames {
  /// The name of a code; a minidump sets 0x10000000 in some.
  static func name(of code: UInt64) -> String? { names[code & ~0x1000_0000] }

  /// The code of a name, which may have lost its first letter.
  static func code(of name: String) -> UInt64? {
    guard name.utf8.count >= 6 else { return nil }
    return names.first { $0.value == name || $0.value.dropFirst() == name }?.key
  }

  private static let names: [UInt64: String] = [
    0x0A: "IRQL_NOT_LESS_OR_EQUAL", 0x19: "BAD_POOL_HEADER", 0x1A: "MEMORY_MANAGEMENT",
    0x1E: "KMODE_EXCEPTION_NOT_HANDLED", 0x24: "NTFS_FILE_SYSTEM", 0x34: "CACHE_MANAGER",
    0x3B: "SYSTEM_SERVICE_EXCEPTION", 0x41: "MUST_SUCCEED_POOL_EMPTY",
    0x4A: "IRQL_GT_ZERO_AT_SYSTEM_SERVICE", 0x4E: "PFN_LIST_CORRUPT",
    0x50: "PAGE_FAULT_IN_NONPAGED_AREA", 0x51: "REGISTRY_ERROR", 0x76: "PROCESS_HAS_LOCKED_PAGES",
    0x77: "KERNEL_STACK_INPAGE_ERROR", 0x7A: "KERNEL_DATA_INPAGE_ERROR",
    0x7B: "INACCESSIBLE_BOOT_DEVICE", 0x7E: "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED",
    0x7F: "UNEXPECTED_KERNEL_MODE_TRAP", 0x8E: "KERNEL_MODE_EXCEPTION_NOT_HANDLED",
    0x9F: "DRIVER_POWER_STATE_FAILURE", 0xAB: "SESSION_HAS_VALID_POOL_ON_EXIT",
    0xBE: "ATTEMPTED_WRITE_TO_READONLY_MEMORY", 0xC1: "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION",
    0xC2: "BAD_POOL_CALLER", 0xC4: "DRIVER_VERIFIER_DETECTED_VIOLATION",
    0xC5: "DRIVER_CORRUPTED_EXPOOL", 0xC6: "DRIVER_CAUGHT_MODIFYING_FREED_POOL",
    0xC9: "DRIVER_VERIFIER_IOMANAGER_VIOLATION", 0xCB: "DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS",
    0xCC: "PAGE_FAULT_IN_FREED_SPECIAL_POOL", 0xCD: "PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
    0xCE: "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS", 0xD0: "DRIVER_CORRUPTED_MMPOOL",
    0xD1: "DRIVER_IRQL_NOT_LESS_OR_EQUAL", 0xD5: "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL",
    0xD6: "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION", 0xDA: "SYSTEM_PTE_MISUSE",
    0xDE: "POOL_CORRUPTION_IN_FILE_AREA", 0xE6: "DRIVER_VERIFIER_DMA_VIOLATION",
    0xEC: "SESSION_HAS_VALID_SPECIAL_POOL_ON_EXIT", 0xEF: "CRITICAL_PROCESS_DIED",
    0xF4: "CRITICAL_OBJECT_TERMINATION", 0xF7: "DRIVER_OVERRAN_STACK_BUFFER",
    0xFC: "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY", 0x101: "CLOCK_WATCHDOG_TIMEOUT",
    0x109: "CRITICAL_STRUCTURE_CORRUPTION", 0x116: "VIDEO_TDR_FAILURE",
    0x119: "VIDEO_SCHEDULER_INTERNAL_ERROR", 0x124: "WHEA_UNCORRECTABLE_ERROR",
    0x126: "NETIO_INVALID_POOL_CALLER", 0x12B: "FAULTY_HARDWARE_CORRUPTED_PAGE",
    0x133: "DPC_WATCHDOG_VIOLATION", 0x139: "KERNEL_SECURITY_CHECK_FAILURE",
    0x13A: "KERNEL_MODE_HEAP_CORRUPTION", 0x154: "UNEXPECTED_STORE_EXCEPTION",
    0x18B: "SECURE_KERNEL_ERROR", 0x1CA: "SYNTHETIC_WATCHDOG_TIMEOUT",
  ]
}

/// Bug checks: whole ones, and those whose code, parameters and fields stand on lines of their own.
extension ListingAssembler {
  /// So many fields of the analysis are kept.
  private static let mostFields = 32
  /// So many frames of a stack are kept.
  private static let mostFrames = 256

  mutating func addBugCheck(_ line: RecognisedLine, _ number: Int) {
    switch line {
    case .bugCheck(let listing):
      closeBugCheck()
      bugCheck = OpenTable(index: open(.bugCheck(listing), line: number), content: listing)
    case .bugCheckCode(let code): addCode(code, number)
    case .bugCheckParameter(let position, let value, let words):
      openBugCheck(number)
      if bugCheck?.content.note(value.value, at: position - 1, digits: value.digits) == false {
        odd("another value for the same bug check parameter", line: number)
      }
      if bugCheck?.content.code == nil, position == 1, let code = Self.code(saying: words) {
        bugCheck?.content.code = code
        bugCheck?.content.isCodeInferred = true
      }
    case .bugCheckParameters(let values): addParameters(values, number)
    case .bugCheckField(let name, let value): addField(name, value, number)
    default: break
    }
  }

  private mutating func closeBugCheck() { reading.close(&bugCheck) { .bugCheck($0) } }

  private mutating func openBugCheck(_ number: Int, code: UInt64? = nil) {
    guard bugCheck == nil else { return }
    let listing = BugCheckListing(code: code)
    bugCheck = OpenTable(index: open(.bugCheck(listing), line: number), content: listing)
  }

  private mutating func addCode(_ code: UInt64, _ number: Int) {
    if let known = bugCheck?.content {
      if known.code == code, known.parameters.contains(nil) { return }
      // Its parameters may stand before it.
      if known.code == nil || known.isCodeInferred {
        bugCheck?.content.code = code
        bugCheck?.content.isCodeInferred = false
        return
      }
    }
    closeBugCheck()
    openBugCheck(number, code: code)
  }

  /// Four numbers alone mean something only behind a code that has none yet.
  private mutating func addParameters(_ values: [PrintedNumber], _ number: Int) {
    guard let known = bugCheck?.content, known.code != nil else {
      reading.unrecognisedLines += 1
      return
    }
    for (index, value) in values.enumerated()
    where bugCheck?.content.note(value.value, at: index, digits: value.digits) == false {
      odd("another value for the same bug check parameter", line: number)
      return
    }
  }

  private mutating func addField(_ name: String, _ value: String, _ number: Int) {
    switch name {
    case "Key":
      analysisKey = value
      return
    case "Value":
      guard let key = analysisKey else { return }
      analysisKey = nil
      guard key == "Failure.Bucket" else { return }
      note(.init(name: key, value: value, line: number))
    case "BUGCHECK_STR", "FAILURE_BUCKET_ID":
      // `0x13a_11_Tag_driver`: a text without any parameter still tells the code and the first.
      if bugCheck == nil, let (code, first) = Self.bucket(value) {
        openBugCheck(number, code: code)
        if let first { _ = bugCheck?.content.note(first, at: 0, digits: 1) }
      }
      note(.init(name: name, value: value, line: number))
    default: note(.init(name: name, value: value, line: number))
    }
  }

  private mutating func note(_ field: BugCheckListing.Field) {
    guard let known = bugCheck?.content.fields, known.count < Self.mostFields,
      !known.contains(where: { $0.name == field.name })
    else { return }
    bugCheck?.content.fields.append(field)
  }

  // MARK: - Stacks

  /// A stack belongs to the bug check in front of it, which keeps its first one.
  mutating func beginStack(_ first: String, _ number: Int) {
    isInStack = true
    stackOwner = reading.listings.lastIndex {
      if case .bugCheck = $0.content { true } else { false }
    }
    if let owner = stackOwner, frames(of: owner)?.isEmpty != true { stackOwner = nil }
    if let frame = StackLine.frame(Array(first.utf8), line: number) { note(frame) }
  }

  /// Takes a line of an open stack; false where it is none, which ends the stack.
  mutating func addFrame(_ line: RecognisedLine, _ bytes: [UInt8], _ number: Int) -> Bool {
    if let frame = StackLine.frame(bytes, line: number) {
      note(frame)
      return true
    }
    isInStack = line == .blank || StackLine.isRemark(bytes)
    return isInStack
  }

  private func frames(of owner: Int) -> [StackFrame]? {
    if let open = bugCheck, open.index == owner { return open.content.frames }
    guard case .bugCheck(let check) = reading.listings[owner].content else { return nil }
    return check.frames
  }

  private mutating func note(_ frame: StackFrame) {
    guard let owner = stackOwner, let known = frames(of: owner), known.count < Self.mostFrames
    else { return }
    if bugCheck?.index == owner {
      bugCheck?.content.frames.append(frame)
    } else if case .bugCheck(var check) = reading.listings[owner].content {
      check.frames.append(frame)
      reading.listings[owner].content = .bugCheck(check)
    }
  }

  // MARK: - Texts that tell the code

  /// The code and the first parameter in `0x19_20_VRF_...` or `0xc2_7_Tag`.
  static func bucket(_ text: String) -> (code: UInt64, first: UInt64?)? {
    var scanner = ByteScanner(Array(text.utf8))
    guard scanner.skip("0x"), let code = scanner.hexadecimal(), BugCheckNames.name(of: code) != nil
    else { return nil }
    guard scanner.skip(0x5F), let (first, digits) = scanner.hexadecimalDigits(), digits <= 2,
      scanner.isAtEnd || scanner.next == 0x5F
    else { return (code, nil) }
    return (code, first)
  }

  /// Words beside a first parameter that occur with one code only.
  private static let words: [(words: String, code: UInt64)] = [
    ("freelist is corrupt", 0x19), ("pool block header size is corrupt", 0x19),
    ("freed pool which was already freed", 0xC2), ("free pool which was already freed", 0xC2),
    ("free pool which is not allocated", 0xC2), ("release quota on a corrupted pool", 0xC2),
    ("pool allocations prior to unloading", 0xC4), ("of corruption detected", 0x13A),
  ]

  private static func code(saying text: String) -> UInt64? {
    let lower = text.lowercased()
    return words.first { lower.contains($0.words) }?.code
  }
}
