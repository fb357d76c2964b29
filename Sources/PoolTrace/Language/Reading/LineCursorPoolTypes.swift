import KernelPool

extension LineCursor {
  private static let expectation: StaticString =
    "a pool (NonPaged, Paged, ..., followed by +Quota, +MustSucceed, +Raise)"

  /// The pool type that is the next field.
  @inline(__always)
  mutating func poolType() throws(LineFailure) -> PoolType {
    skipBlanks()
    let start = position
    let text = field()
    if let type = PoolTypeNames.kinds.find(text) { return type }
    if let first = text.first, first &- 0x30 < 10 {
      position = start
      let value = try number("the number of a pool type", maximum: UInt64(UInt32.max))
      return PoolType(rawValue: UInt32(truncatingIfNeeded: value))
    }
    return try modifiedPoolType(text, at: start)
  }

  private func modifiedPoolType(
    _ text: UnsafeBufferPointer<UInt8>, at start: Int
  ) throws(LineFailure) -> PoolType {
    var type: PoolType?
    for part in text.split(separator: UInt8(ascii: "+"), omittingEmptySubsequences: false) {
      let word = UnsafeBufferPointer(rebasing: part)
      if let known = type {
        guard let modifier = PoolTypeNames.modifiers.find(word) else {
          throw failure("Quota, MustSucceed or Raise", at: start &+ part.startIndex)
        }
        type = known.union(modifier)
      } else {
        guard let kind = PoolTypeNames.kinds.find(word) else {
          throw failure(LineCursor.expectation, at: start)
        }
        type = kind
      }
    }
    guard let type else { throw failure(LineCursor.expectation, at: start) }
    return type
  }
}
