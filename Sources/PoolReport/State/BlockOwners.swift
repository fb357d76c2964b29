import KernelPool

/// Who allocated the block at an address, as far as the lines of a history tell.
///
/// A history of every operation tells of all blocks; a sampled one of those whose allocation
/// happened to end a step.
struct BlockOwners {
  private var owners: [Address: (slot: String, operation: UInt64)] = [:]

  init(_ history: PoolHistory, through last: Int) {
    for (step, state) in history.steps.prefix(last + 1).enumerated() {
      let words = state.line.split(separator: " ")
      guard words.count > 3, words[words.count - 2] == "->",
        let address = Address(words[words.count - 1], radix: 16)
      else { continue }
      owners[address] = (String(words[1]), history.operation(ofStep: step))
    }
  }

  subscript(_ body: Address) -> (slot: String, operation: UInt64)? { owners[body] }
}
