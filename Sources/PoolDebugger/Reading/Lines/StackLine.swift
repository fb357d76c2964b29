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
