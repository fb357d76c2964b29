/// The parts of a path, by its text alone: a name of one letter is a name like any other.
enum PathText {
  /// The folder that holds what the path names: empty for a name alone, `/` for one in the root.
  static func folder(of path: String) -> String {
    let trimmed = trimmed(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return "" }
    let folder = Self.trimmed(trimmed[..<slash])
    return folder.isEmpty ? "/" : String(folder)
  }

  /// The last name of the path; `/` for the root.
  static func name(of path: String) -> String {
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
