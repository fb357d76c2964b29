import PropertyTesting

/// Which bug is planted; no parameter, so that shrinking cannot remove it.
struct ToyConfiguration: MachineConfiguration {
  var bug: UInt64 = 0

  init() {}

  init(bug: UInt64) {
    self.bug = bug
  }

  var description: String { "bug \(bug)" }
}
