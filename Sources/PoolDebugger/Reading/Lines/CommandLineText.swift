/// Debugger prompts (`3: kd> !pool fa808000`) and bare commands.
enum CommandLineText {
  static func recognise(_ line: ByteScanner) -> RecognisedLine? {
    var scanner = line
    scanner.skipBlanks()
    let isPrompt = skipPrompt(&scanner)
    scanner.skipBlanks()
    guard scanner.skip(0x21) else {
      return isPrompt ? .command(name: "", arguments: scanner.rest) : nil
    }
    let start = scanner.position
    while let byte = scanner.next, isLetter(byte) { scanner.position += 1 }
    guard scanner.position > start, scanner.position - start <= 32 else { return nil }
    let name = String(decoding: scanner.bytes[start..<scanner.position], as: UTF8.self)
    return .command(name: name, arguments: scanner.rest)
  }

  /// `kd>`, `lkd>`, `3: kd>`, `0: kd:x86>`.
  private static func skipPrompt(_ scanner: inout ByteScanner) -> Bool {
    var attempt = scanner
    if attempt.decimal() != nil {
      guard attempt.skip(":") else { return false }
      attempt.skipBlanks()
    }
    _ = attempt.skip(0x6C)
    guard attempt.skip("kd") else { return false }
    if attempt.skip(":") {
      while let byte = attempt.next, isLetter(byte) || (0x30...0x39).contains(byte) {
        attempt.position += 1
      }
    }
    guard attempt.skip(0x3E) else { return false }
    scanner = attempt
    return true
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == 0x5F
  }
}
