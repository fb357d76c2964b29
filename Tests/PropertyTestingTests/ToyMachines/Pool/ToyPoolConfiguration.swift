import PropertyTesting

/// The bug is no parameter: a shrinker must not be able to remove it.
struct ToyPoolConfiguration: MachineConfiguration, LosslessStringConvertible {
  var bug = ToyPoolBug.none
  var pages: UInt64 = 3
  var depth: UInt64 = 3

  init() {}

  init(bug: ToyPoolBug, pages: UInt64 = 3, depth: UInt64 = 3) {
    self.bug = bug
    self.pages = pages
    self.depth = depth
  }

  init?(_ description: String) {
    let numbers = description.split(separator: " ").compactMap { UInt64($0) }
    guard numbers.count == 3, let bug = ToyPoolBug(rawValue: Int(numbers[0])) else { return nil }
    self.init(bug: bug, pages: numbers[1], depth: numbers[2])
  }

  var description: String { "\(bug.rawValue) \(pages) \(depth)" }

  var parameters: [Parameter] {
    [
      Parameter(role: 0, value: pages, origin: 3),
      Parameter(role: 1, value: depth, origin: 3),
    ]
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard value <= 8, index == 1 || value > 0 else { return nil }
    var copy = self
    if index == 0 { copy.pages = value } else { copy.depth = value }
    return copy
  }
}
