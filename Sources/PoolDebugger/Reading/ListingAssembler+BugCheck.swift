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
