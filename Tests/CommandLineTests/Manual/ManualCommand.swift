import Foundation

/// A command of the manual, and what the manual says of it.
struct ManualCommand: Equatable {
  /// The line of shell, continuation lines joined.
  var text: String
  /// Where it stands: the file and the line.
  var place: String
  /// The exit code, which a comment `# exits with N` behind the command announces.
  var code: Int32 = 0
  /// What it prints; a line `...` stands for any lines. Nil where the manual shows no output.
  var output: [String]?
  /// How long it takes.
  var pace = Pace.usual

  /// How long a command takes, by the word behind its fence's kind: none, `slow` or `hours`.
  enum Pace: String, Comparable {
    /// Seconds in a debug build: every run of the tests runs it.
    case usual
    /// Seconds in a release build.
    case slow
    /// More than any check has.
    case hours

    static func < (a: Pace, b: Pace) -> Bool { a != b && (a == .usual || b == .hours) }
  }

  /// The commands of an article, in order.
  ///
  /// A fence ```` ```sh ```` holds commands, a line each; in a fence ```` ```console ```` a command
  /// follows `$ ` and its output follows it. ```` ```sh slow ```` and ```` ```sh hours ```` tell how long
  /// those of a fence take.
  static func all(in text: String, file: String) -> [ManualCommand] {
    var commands: [ManualCommand] = []
    var fence: String?
    var pending = ""
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      if line.hasPrefix("```") {
        fence = fence == nil ? String(line.dropFirst(3)) : nil
        continue
      }
      let words = (fence ?? "").split(separator: " ")
      let pace = words.count > 1 ? Pace(rawValue: String(words[1])) ?? .usual : .usual
      let place = "\(file):\(index + 1)"
      if let fence, fence.hasPrefix("sh") {
        pending += line
        if pending.hasSuffix("\\") {
          pending.removeLast()
          continue
        }
        append(pending, place, pace, to: &commands)
        pending = ""
      } else if let fence, fence.hasPrefix("console") {
        if line.hasPrefix("$ ") {
          append(String(line.dropFirst(2)), place, pace, to: &commands)
          if !commands.isEmpty { commands[commands.count - 1].output = [] }
        } else if !commands.isEmpty {
          commands[commands.count - 1].output?.append(String(line))
        }
      }
    }
    return commands
  }

  private static func append(
    _ line: String, _ place: String, _ pace: Pace, to commands: inout [ManualCommand]
  ) {
    var text = line
    var code: Int32 = 0
    if let comment = text.range(of: " #") ?? (text.hasPrefix("#") ? text.range(of: "#") : nil) {
      let said = text[comment.upperBound...].split(separator: " ")
      if said.starts(with: ["exits", "with"]), said.count == 3 { code = Int32(said[2]) ?? -1 }
      text = String(text[..<comment.lowerBound])
    }
    text = text.trimmingCharacters(in: .whitespaces)
    guard !text.isEmpty else { return }
    commands.append(ManualCommand(text: text, place: place, code: code, pace: pace))
  }

  /// True where `actual` is what the manual shows.
  static func matches(_ actual: [String], _ shown: [String]) -> Bool {
    guard let first = shown.first else { return actual.isEmpty }
    let rest = Array(shown.dropFirst())
    if first == "..." {
      return (0...actual.count).contains { matches(Array(actual[$0...]), rest) }
    }
    return actual.first == first && matches(Array(actual.dropFirst()), rest)
  }
}
