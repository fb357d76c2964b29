extension Expectation {
  /// Appends the condition, without the word `expect`.
  func append(to bytes: inout [UInt8]) {
    switch self {
    case .ok(let slot): append("ok ", slot, to: &bytes)
    case .null(let slot): append("null ", slot, to: &bytes)
    case .skipped: bytes.append("skipped")
    case .hang: bytes.append("hang")
    case .nonCanonicalFault: bytes.append("fault noncanonical")
    case .fault(let address):
      bytes.append("fault")
      guard let address else { return }
      bytes.append(UInt8(ascii: " "))
      address.append(to: &bytes)
    case .bugCheck(let code, let first):
      bytes.append("bugcheck ")
      bytes.appendHexadecimal(UInt64(code))
      guard let first else { return }
      bytes.append(UInt8(ascii: " "))
      bytes.appendHexadecimal(first)
    case .raise(let status):
      bytes.append("raise ")
      bytes.appendHexadecimal(UInt64(status))
    case .violation(let name):
      precondition(Expectation.isInvariantName(name.utf8), "the name of an invariant")
      bytes.append("violation ")
      bytes.append(contentsOf: name.utf8)
    case .metric(let name, let comparison, let number):
      precondition(Expectation.isMetricName(name.utf8), "the name of a metric")
      bytes.append(contentsOf: "\(name) \(comparison.rawValue) \(number)".utf8)
    }
  }

  private func append(_ word: StaticString, _ slot: SlotName, to bytes: inout [UInt8]) {
    bytes.append(word)
    slot.append(to: &bytes)
  }
}

extension Expectation: CustomStringConvertible {
  /// The condition, without the word `expect`.
  public var description: String {
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
