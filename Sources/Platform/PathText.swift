/// The parts of a path, by its text alone: a name of one letter is a name like any other.
public enum PathText {
  /// The folder that holds what the path names: empty for a name alone, `/` for one in the root.
  public static func folder(of path: String) -> String {
    let trimmed = trimmed(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return "" }
    let folder = Self.trimmed(trimmed[..<slash])
    return folder.isEmpty ? "/" : String(folder)
  }

  /// The last name of the path; `/` for the root.
  public static func name(of path: String) -> String {
    let trimmed = trimmed(path)
    guard let slash = trimmed.lastIndex(of: "/") else {
      return trimmed.isEmpty && path.hasPrefix("/") ? "/" : String(trimmed)
    }
    return String(trimmed[trimmed.index(after: slash)...])
  }

  /// Without slashes at its end.
  private static func trimmed(_ path: some StringProtocol) -> Substring {
    var rest = Substring(path)
    while rest.hasSuffix("/") { rest.removeLast() }
    return rest
  }
}

/// Text from outside, a listing, a file's name, as it may be shown: nothing in it steers a terminal.
public enum PrintableText {
  /// The same text with every control character as its number, `\x1b`; tabs stay.
  public static func escaped(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        let digits = String(scalar.value, radix: 16)
        result += "\\x" + (digits.count < 2 ? "0" : "") + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// C0 without the tab, DEL, C1, and the marks that turn the direction of writing.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09: false
    case 0x00...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
