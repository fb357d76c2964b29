import PropertyTesting

/// Two numbers without a meaning.
struct PassConfiguration: MachineConfiguration {
  var left: UInt64 = 0
  var right: UInt64 = 0

  init() {}

  init(_ left: UInt64, _ right: UInt64) {
    self.left = left
    self.right = right
  }

  var description: String { "\(left) \(right)" }

  var parameters: [Parameter] {
    [Parameter(role: 0, value: left), Parameter(role: 1, value: right)]
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    index == 0 ? PassConfiguration(value, right) : PassConfiguration(left, value)
  }
}
