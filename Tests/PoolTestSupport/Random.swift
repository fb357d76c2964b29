import PropertyTesting

// The random source of all tests is that of the package; here are the draws that tests make of it.
// The remainder's bias does not matter to them.

extension SplitMix64 {
  /// The next number below `bound`, which is not zero.
  package mutating func next(below bound: UInt64) -> UInt64 { next() % bound }

  /// One of the elements, of which there must be some.
  package mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int(next(below: UInt64(elements.count)))]
  }
}
