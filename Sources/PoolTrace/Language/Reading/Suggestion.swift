/// What was probably meant by a word that is none of those known.
public enum Suggestion {
  /// `; did you mean 'a' or 'b'?`, or nothing where no word is near.
  public static func text(for word: String, among words: [String]) -> String {
    let near = nearest(to: word, among: words).map { "'\($0)'" }
    return near.isEmpty ? "" : "; did you mean \(near.joined(separator: " or "))?"
  }

  /// The same, and the command that lists all words.
  public static func text(
    for word: String, among words: [String], listedBy command: String
  ) -> String {
    let suggestion = text(for: word, among: words)
    return suggestion + (suggestion.isEmpty ? ";" : "") + " '\(command)' lists them"
  }

  /// At most three words: those that are fewest slips of the typist away, where these are at most a
  /// third of the letters, else those that begin with what was typed or that it begins with. Two letters
  /// could be any word.
  public static func nearest(to word: String, among words: [String]) -> [String] {
    guard word.count > 2 else { return [] }
    let most = max(1, word.count / 3)
    let distances = words.map { (word: $0, distance: distance(word, $0)) }
    if let least = distances.map(\.distance).min(), least <= most {
      return Array(distances.filter { $0.distance == least }.map(\.word).prefix(3))
    }
    let related = words.filter { $0.hasPrefix(word) || ($0.count > 3 && word.hasPrefix($0)) }
    return related.count <= 3 ? related : []
  }

  /// How many slips lead from one word to another: a letter left out, put in or exchanged, or two
  /// neighbours the wrong way round.
  public static func distance(_ first: String, _ second: String) -> Int {
    let first = Array(first.lowercased())
    let second = Array(second.lowercased())
    var beforeLast: [Int] = []
    var last = Array(0...second.count)
    for row in 0..<first.count {
      var current = [row + 1]
      for column in 0..<second.count {
        var best = min(
          last[column] + (first[row] == second[column] ? 0 : 1), last[column + 1] + 1,
          current[column] + 1)
        if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      (beforeLast, last) = (last, current)
    }
    return last[second.count]
  }
}
