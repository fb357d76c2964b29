import KernelPool

extension HaltReason {
  /// Why the kernel stopped, for people: `bug check 0x19 (0x3, ...)`, `fault at np+0x...`.
  public func text(_ addresses: AddressPrinter) -> String {
    switch self {
    case .bugCheck(let bugCheck):
      let (first, second, third, fourth) = bugCheck.parameters
      let parameters = [first, second, third, fourth].map(addresses.text).joined(separator: ", ")
      return "bug check 0x" + String(bugCheck.code, radix: 16) + " (\(parameters))"
    case .fault(let address): return "fault at " + addresses.text(address)
    case .nonCanonicalFault: return "fault at an address that no processor accepts"
    case .hang: return "hang: the operation would not have ended"
    }
  }

  /// The word for it in JSON: `bugcheck`, `fault` or `hang`.
  public var name: String {
    switch self {
    case .bugCheck: "bugcheck"
    case .fault, .nonCanonicalFault: "fault"
    case .hang: "hang"
    }
  }
}

extension StepResult {
  /// What an operation came to, for people.
  public func text(_ addresses: AddressPrinter) -> String {
    switch self {
    case .done, .dump: "nothing to tell"
    case .allocated(let address): "an allocation at " + addresses.text(address)
    case .null: "NULL"
    case .freed: "a free"
    case .nothingToDo: "nothing, since the allocation had returned NULL"
    case .skipped: "a skipped operation"
    case .raised(let status): "raised 0x" + String(status, radix: 16)
    case .halted(let reason): reason.text(addresses)
    }
  }
}
