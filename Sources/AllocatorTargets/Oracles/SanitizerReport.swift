/// What a sanitizer that is compiled into a library under test wrote before it ended the process.
struct SanitizerReport {
  /// Which sanitizer, and what it says in short: `AddressSanitizer: heap-buffer-overflow`.
  let title: String
  /// What tells two reports apart in the name of a failure.
  let variant: String
  /// The report's lines.
  let lines: [String]

  private static let mostLines = 40

  /// The report in what a process wrote on standard error; nil where there is none.
  init?(_ errors: String) {
    let all = errors.split(whereSeparator: \.isNewline)
    let mark = "ERROR: "
    guard
      let index = all.firstIndex(where: { $0.contains(mark) && $0.contains("Sanitizer: ") }),
      let place = all[index].firstRange(of: mark)
    else { return nil }
    let words = all[index][place.upperBound...].split(separator: " ")
    guard words.count >= 2, words[0].hasSuffix(":") else { return nil }
    // `AddressSanitizer: attempting double-free on ...` names its kind with two words.
    let kind = words[1] == "attempting" && words.count > 2 ? words[2] : words[1]
    let letters = kind.prefix { $0.isLetter || $0.isNumber || $0 == "-" }
    title = "\(words[0]) \(letters)"
    variant = "\(words[0].dropLast())-\(letters)"
    lines = all[index...].prefix(Self.mostLines).map { line in
      String(line.drop { $0 == " " })
    }
  }
}
