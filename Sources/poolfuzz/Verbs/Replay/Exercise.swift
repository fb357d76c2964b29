import Platform

/// A trace with gaps, as it is handed out to a class: a line `# ...` stands for lines of the pupil's own,
/// and all others must stay. A trace that holds is no solution where it has lost what it had to meet.
struct Exercise {
  /// Its path.
  private let path: String
  /// The lines between the gaps; blank lines and comments do not count.
  private let parts: [[String]]

  private static let ending = ".exercise"
  private static let gap = "# ..."

  /// Reads the exercise that an answer belongs to: the file itself, or the one of a folder that has the
  /// answer's name.
  init(_ place: String, for answer: String) throws(CommandFailure) {
    let name = PathText.name(of: answer)
    let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    path = Files.isFolder(place) ? place + "/" + stem + Self.ending : place
    let text = try textOfFile(path)
    var parts: [[String]] = [[]]
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix(Self.gap) { parts.append([]) }
      if let words = Self.words(line) { parts[parts.count - 1].append(words) }
    }
    guard parts.count > 1 else {
      throw CommandFailure(message: "\(path): no exercise: no line '\(Self.gap)'", code: .badInput)
    }
    self.parts = parts
  }

  /// Why an answer is not one to this exercise, naming the first line that it lacks; nil where it is.
  func objection(to answer: String) throws(CommandFailure) -> String? {
    var rest = try textOfFile(answer).split(whereSeparator: \.isNewline).compactMap(Self.words)[...]
    // The last lines first: what the exercise demands comes at its end, behind everything of the pupil's.
    for line in parts[parts.count - 1].reversed() {
      guard rest.last == line else { return missing(line, "at its end") }
      rest.removeLast()
    }
    for line in parts[0] {
      guard rest.first == line else { return missing(line, "at its beginning") }
      rest.removeFirst()
    }
    for line in parts.dropFirst().dropLast().joined() {
      guard let place = rest.firstIndex(of: line) else { return missing(line, "between") }
      rest = rest[(place + 1)...]
    }
    return nil
  }

  private func missing(_ line: String, _ place: String) -> String {
    "\(path) has '\(line)' \(place), and this trace has not"
  }

  /// The words of a line with one blank between; nil where it says nothing.
  private static func words(_ line: Substring) -> String? {
    let words = line.split(whereSeparator: \.isWhitespace)
    guard let first = words.first, !first.hasPrefix("#") else { return nil }
    return words.joined(separator: " ")
  }

  /// The answers below a folder, whatever a pupil has left them called.
  static func isAnswer(_ name: String) -> Bool {
    name.hasSuffix(".trace") || name.hasSuffix(ending)
  }
}
