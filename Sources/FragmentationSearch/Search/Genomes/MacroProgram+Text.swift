/// One line: the steps with semicolons between them. `above-largest+2@1 keep` requests two units
/// more than one above the largest free block, at least half a page (the page shifted right by 1),
/// and keeps the block; `release 1` releases the temporary block before the last.
extension MacroProgram {
  var text: String { steps.map(Self.text).joined(separator: "; ") }

  init?(text: String) {
    var steps: [Step] = []
    for part in text.split(separator: ";") {
      guard let step = Self.step(part.split(separator: " ")) else { return nil }
      steps.append(step)
    }
    guard (1...Self.mostSteps).contains(steps.count) else { return nil }
    self.steps = steps
  }

  private static func text(_ step: Step) -> String {
    switch step {
    case .release(let age): return "release \(age)"
    case .request(let measure, let offset, let floorShift, let keeps):
      let difference = offset == 0 ? "" : offset > 0 ? "+\(offset)" : "\(offset)"
      let floor = floorShift == 0 ? "" : "@\(floorShift)"
      return measure.rawValue + difference + floor + (keeps ? " keep" : "")
    }
  }

  private static func step(_ words: [Substring]) -> Step? {
    if words.count == 2, words[0] == "release" {
      guard let age = Int(words[1]), (0...1 << 20).contains(age) else { return nil }
      return .release(age: age)
    }
    guard let size = words.first, words.count == 1 || words == [size, "keep"] else { return nil }
    let parts = size.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    let floorShift = parts.count == 2 ? Int(parts[1]) : 0
    guard let floorShift, (0...16).contains(floorShift),
      let measure = Measure.allCases.last(where: { parts[0].hasPrefix($0.rawValue) })
    else { return nil }
    let rest = parts[0].dropFirst(measure.rawValue.count)
    guard let offset = rest.isEmpty ? 0 : Int(rest), (-65_536...65_536).contains(offset) else {
      return nil
    }
    return .request(measure, offset: offset, floorShift: floorShift, keeps: words.count == 2)
  }
}
