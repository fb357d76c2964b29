/// The rules for a file of source that a reader of its text can judge.
///
/// The source is formatted, so a declaration ends at the first closing brace of its own indentation.
enum SourceRules {
  /// Most lines of a file.
  static let fileLines = 400
  /// Most lines of a function.
  static let functionLines = 60

  /// What a file breaks, a line each.
  static func complaints(_ file: House.File, isSource: Bool) -> [String] {
    var found: [String] = []
    if file.lines.count > fileLines, !saysWhyItIsLong(file) {
      found.append("\(file.path): \(file.lines.count) lines, and no reason at its top")
    }
    for (index, line) in file.lines.enumerated() {
      let place = "\(file.path):\(index + 1)"
      if isFunction(line) {
        let length = lengthOfDeclaration(at: index, in: file.lines)
        if length > functionLines { found.append("\(place): a function of \(length) lines") }
      }
      if isSource, isPublic(line), !isDocumented(index, in: file.lines) {
        found.append("\(place): a public declaration without a doc comment")
      }
      for word in leftovers where line.contains(word) {
        found.append("\(place): \(word)")
      }
    }
    return found
  }

  /// A long file explains itself: `// Long because ...` in its first lines.
  private static func saysWhyItIsLong(_ file: House.File) -> Bool {
    file.lines.prefix(20).contains { $0.hasPrefix("// Long because ") }
  }

  /// Marks of unfinished work, put together here so that this file has none.
  private static let leftovers = ["TO" + "DO", "FIX" + "ME", "HA" + "CK:"]

  private static let modifiers: Set<Substring> = [
    "public", "private", "fileprivate", "internal", "package", "static", "mutating", "consuming",
    "borrowing", "override", "final", "nonisolated", "convenience", "required", "indirect",
    "private(set)", "internal(set)", "nonmutating",
  ]

  /// The words of a line behind its modifiers and attributes.
  private static func declaration(_ line: String) -> (keyword: Substring, isPublic: Bool)? {
    var isPublic = false
    for word in line.split(separator: " ") {
      if word == "public" { isPublic = true }
      if modifiers.contains(word) || word.hasPrefix("@") { continue }
      return (word, isPublic)
    }
    return nil
  }

  private static func isFunction(_ line: String) -> Bool {
    guard let keyword = declaration(line)?.keyword else { return false }
    return keyword == "func" || keyword == "deinit" || keyword.hasPrefix("init(")
      || keyword.hasPrefix("init<") || keyword.hasPrefix("init?")
  }

  private static let declarations: Set<Substring> = [
    "struct", "enum", "class", "protocol", "func", "var", "let", "typealias", "actor", "case",
  ]

  private static func isPublic(_ line: String) -> Bool {
    guard let (keyword, isPublic) = declaration(line), isPublic else { return false }
    return declarations.contains(keyword) || keyword.hasPrefix("init")
      || keyword.hasPrefix("subscript")
  }

  private static func isDocumented(_ index: Int, in lines: [String]) -> Bool {
    var before = index - 1
    // Attributes may stand between, and conditions of compilation around these.
    while before >= 0, let first = trimmed(lines[before]).first, first == "@" || first == "#" {
      before -= 1
    }
    return before >= 0 && trimmed(lines[before]).hasPrefix("///")
  }

  private static func trimmed(_ line: String) -> Substring { line.drop { $0 == " " } }

  private static func lengthOfDeclaration(at index: Int, in lines: [String]) -> Int {
    let indentation = String(lines[index].prefix { $0 == " " })
    if lines[index].hasSuffix("}") { return 1 }
    for end in (index + 1)..<max(index + 1, lines.count) {
      if lines[end].hasPrefix(indentation + "}") { return end - index + 1 }
      // A declaration without a body, in a protocol.
      if !lines[end].isEmpty, !lines[end].hasPrefix(indentation) { return end - index }
    }
    return 1
  }
}
