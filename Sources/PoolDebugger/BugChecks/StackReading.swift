/// What the stack of a bug check tells: who made the call that met the damage.
///
/// A check finds damage when somebody comes by, which is seldom who did it. So the first frame that
/// is not the kernel's is evidence of the call alone, and a suspect only where the call itself is
/// what is wrong.
struct StackReading {
  let frames: [StackFrame]

  /// The kernel, and what stands between it and the hardware: every such stack has them.
  private static let kernel: Set<String> = [
    "nt", "ntoskrnl", "ntkrnlmp", "ntkrpamp", "ntkrnlpa", "hal", "halmacpi", "halaacpi",
    "verifier", "VerifierExt",
  ]

  /// How the names of the kernel's pool functions begin (public symbols).
  private static let poolFunctions = [
    "ExAllocatePool", "ExAllocateHeapPool", "ExFreePool", "ExFreeHeapPool", "ExDeferredFreePool",
    "ExpAllocate", "ExpFree", "MiAllocatePoolPages", "MiFreePoolPages", "VerifierExAllocatePool",
    "VerifierExFreePool", "VeAllocatePool", "RtlpHp", "RtlHp",
  ]

  private static func isKernel(_ frame: StackFrame) -> Bool {
    frame.module.map(kernel.contains) ?? false
  }

  /// The first frame that is not the kernel's.
  var caller: StackFrame? { frames.first { !Self.isKernel($0) } }

  /// The outermost of the pool functions above the caller.
  private var poolCall: StackFrame? {
    frames.prefix { Self.isKernel($0) }.last { frame in
      Self.poolFunctions.contains { frame.function?.hasPrefix($0) == true }
    }
  }

  /// Lines of evidence; `suspect` is whom the bug check itself suspects.
  func words(source: String, suspect: Suspect) -> [String] {
    guard !frames.isEmpty else { return [] }
    guard let caller else {
      return [
        "stack: each of its \(frames.count) frames is the kernel's, so it names no driver"
      ]
    }
    let place = "\(source):\(caller.line)"
    guard let module = caller.module else {
      return [
        "stack: no module covers \(caller.text) (\(place)), the first frame that is not the "
          + "kernel's: code of a driver that is gone, or a damaged stack"
      ]
    }
    var lines = [call(caller, place) + "; " + Self.weight(suspect)]
    var others: [String] = []
    for frame in frames where !Self.isKernel(frame) {
      guard let name = frame.module, name != module, !others.contains(name) else { continue }
      others.append(name)
    }
    if !others.isEmpty {
      lines.append(
        "also on the stack, and no more than that: \(others.prefix(8).joined(separator: ", "))")
    }
    return lines
  }

  private func call(_ caller: StackFrame, _ place: String) -> String {
    let first = "\(caller.text) (\(place)), the first frame that is not the kernel's"
    guard let poolCall else { return "stack: \(first)" }
    let isDirect =
      frames.firstIndex(of: caller) == frames.firstIndex(of: poolCall).map { $0 + 1 }
    return isDirect
      ? "stack: \(poolCall.text) was called by \(first)"
      : "stack: \(poolCall.text) was called by the kernel on behalf of \(first)"
  }

  private static func weight(_ suspect: Suspect) -> String {
    switch suspect {
    case .caller: "the call itself is wrong, so look there"
    case .instruction, .freeingSide:
      "the access was caught as it happened, so look there"
    case .callerOrTag, .callerOrCorruption, .doubleFree:
      "evidence of who made the call, which is wrong or met a damage that somebody else did"
    default: "evidence of who met the damage, not of who did it"
    }
  }
}

extension BugCheckReading {
  /// Where the debugger says that the pool is, among the parameters.
  var poolAddress: UInt64? {
    listing.field("POOL_ADDRESS").flatMap { text in
      var scanner = ByteScanner(PlainText.strip(Array(text.utf8)))
      scanner.skipBlanks()
      return ListedAddress.scan(&scanner)?.value
    }
  }

  /// What `POOL_ADDRESS` is to the parameters, and what to list with it.
  func poolAddressWords() -> [String] {
    guard let address = poolAddress else { return [] }
    let text = Hexadecimal.address(address, listing.width)
    let header: UInt64 = listing.width == .bits64 ? 16 : 8
    var relation = "none of the parameters"
    for (index, value) in listing.parameters.enumerated() {
      guard let value, value > 0xFFFF else { continue }
      switch address {
      case value: relation = "P\(index + 1)"
      case value &+ header: relation = "the block whose header P\(index + 1) is"
      case value &- header: relation = "the header of the block P\(index + 1)"
      default: continue
      }
      break
    }
    return ["POOL_ADDRESS is \(relation); its page: !pool \(text) 1"]
  }

  /// The addresses to look for in the other listings of a text, with their names.
  private var searchedAddresses: [(name: String, address: UInt64)] {
    if let poolAddress { return [("POOL_ADDRESS", poolAddress)] }
    let roles = BugCheckMeaning.find(
      code: code, selector: listing.parameters[BugCheckMeaning.selectorIndex(of: code)])?.roles
    return zip(roles ?? [], listing.parameters).enumerated().compactMap { index, pair in
      guard case .address = pair.0, let value = pair.1, value > 0xFFFF else { return nil }
      return ("P\(index + 1)", value)
    }
  }

  /// Says of a bug check in which of the listed pages its addresses lie.
  static func locate(_ checked: inout CheckedListing, in pages: ListedPages) {
    guard !pages.isEmpty, case .bugCheck(let check) = checked.listing.content,
      let code = check.code, !checked.findings.isEmpty
    else { return }
    let reading = BugCheckReading(
      source: checked.listing.source, line: 0, listing: check, code: code)
    checked.findings[0].evidence += reading.places(in: pages)
  }

  private func places(in pages: ListedPages) -> [String] {
    let searched = searchedAddresses
    let found = searched.compactMap { name, address -> String? in
      for (listing, page) in pages.kept where page.pageAddress == address & ~0xFFF {
        let place = "\(name) lies in the page listed at \(listing.source):\(listing.line)"
        let block = page.blocksByAddress.last {
          $0.address <= address && address - $0.address < $0.sizeBytes
        }
        guard let block else { return place + ", in none of the blocks that it shows" }
        let tag = block.tag.map { "tag \($0), " } ?? ""
        return place
          + ", in the block at \(Hexadecimal.address(block.address, block.width)) (\(tag)"
          + "0x\(Hexadecimal.text(block.sizeBytes)) bytes, "
          + "\(block.isAllocated ? "allocated" : "free"))"
      }
      // Of the others only their places are kept.
      return pages.place(of: address).map { "\(name) lies in the page listed at \($0)" }
    }
    guard found.isEmpty, !pages.isFull, let first = searched.first else { return found }
    return [
      "no listed page holds \(first.name): ask for !pool "
        + "\(Hexadecimal.address(first.address, listing.width)) 1"
    ]
  }
}

/// A frame of a stack, as far as its line names the code.
public struct StackFrame: Sendable, Hashable {
  /// The module's name without its ending; nil where no module covers the address.
  public var module: String?
  /// The function with its offset; nil where the text has the module and an offset only.
  public var function: String?
  /// What the line says of the code: `nt!ExFreePoolWithTag+0x12`.
  public var text: String
  /// The line it stands on, from 1.
  public var line: Int
}

/// Lines of `STACK_TEXT` and of the debugger's `k` commands.
enum StackLine {
  /// What stands behind `STACK_TEXT:`, or nothing behind the headings of `k`; nil for another line.
  static func start(_ line: ByteScanner) -> String? {
    var scanner = line
    scanner.skipBlanks()
    if scanner.skip("STACK_TEXT :") { return scanner.rest }
    _ = scanner.skip("# ")
    for heading: StaticString in ["Child-SP RetAddr", "ChildEBP RetAddr"] {
      var attempt = scanner
      if attempt.skip(heading) { return "" }
    }
    return nil
  }

  /// Some stacks are interrupted by a remark that is none of their ends.
  static func isRemark(_ bytes: [UInt8]) -> Bool {
    ByteScanner(bytes).contains("Stack unwind information not available")
  }

  /// The frame of a line: words of addresses, then the code.
  static func frame(_ bytes: [UInt8], line number: Int) -> StackFrame? {
    guard bytes.count <= PlainText.mostBytes else { return nil }
    let plain = String(decoding: PlainText.strip(bytes), as: UTF8.self)
    let words = plain.split(separator: " ")
    var addresses = 0
    for (index, word) in words.enumerated() {
      if [8, 16].contains(word.utf8.count), word.allSatisfy({ $0.isHexDigit || $0 == "-" }) {
        addresses += 1
      } else if word == ":" || ["(Inline", "Function)", "--------`--------"].contains(word)
        || index == 0 && word.utf8.count <= 2 && word.allSatisfy(\.isHexDigit)
      {
        continue
      } else if addresses >= 2 || addresses >= 1 && plain.contains("(Inline Function)") {
        return frame(code: words[index...].joined(separator: " "), number)
      } else {
        return nil
      }
    }
    return nil
  }

  private static func frame(code: String, _ number: Int) -> StackFrame? {
    let text = String(code.prefix { $0 != "[" }).trimmingBlanks
    guard text.utf8.count <= 256 else { return nil }
    if let mark = text.firstIndex(of: "!") {
      let module = text[..<mark]
      let function = text[text.index(after: mark)...]
      guard isName(module), !function.isEmpty else { return nil }
      return StackFrame(
        module: String(module), function: String(function), text: text, line: number)
    }
    if text.hasPrefix("0x") {
      let digits = text.dropFirst(2)
      guard digits.utf8.count >= 8, digits.allSatisfy(\.isHexDigit) else { return nil }
      return StackFrame(module: nil, function: nil, text: text, line: number)
    }
    let module = text.prefix { $0 != "+" }
    guard isName(module), text.dropFirst(module.count).hasPrefix("+0x") else { return nil }
    return StackFrame(module: String(module), function: nil, text: text, line: number)
  }

  private static func isName(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.count <= 64
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
  }
}

extension String {
  fileprivate var trimmingBlanks: String {
    String(decoding: Array(ByteScanner.trimmed(Array(utf8)[...]).utf8), as: UTF8.self)
  }
}
