import PropertyTesting

/// Which law is broken, and the clock that tempts to it.
struct LyingConfiguration: MachineConfiguration {
  var lie: LawBreach.Law?
  let clock = Clock()

  init() {}

  init(_ lie: LawBreach.Law?) {
    self.lie = lie
  }

  var description: String { "lying" }

  static func == (left: Self, right: Self) -> Bool { left.lie == right.lie }

  /// What a machine must never look at.
  final class Clock: @unchecked Sendable {
    private var ticks = 0

    func tick() -> Int {
      ticks += 1
      return ticks
    }
  }
}
