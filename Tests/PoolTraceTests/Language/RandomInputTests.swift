import Testing

@testable import PoolTrace

/// Input that nobody wrote: nothing crashes, and every line gets its answer.
@Suite struct RandomInputTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func randomBytes(seed: UInt64) {
    var random = RandomOperations(seed: seed)
    let bytes = (0..<100_000).map { _ in UInt8(truncatingIfNeeded: random.next() >> 13) }
    let list = ItemList(.bytes(bytes, portionBytes: 777))
    #expect(list.items.last == .finished)
    #expect(list.failures.count > 300)
    for failure in list.failures {
      #expect(failure.message.utf8.allSatisfy { (0x20...0x7E).contains($0) })
      #expect(failure.message.utf8.count < 400)
      #expect(failure.line >= 1 && failure.column >= 1)
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func damagedTraces(seed: UInt64) throws {
    let original = try TestFiles.bytes("Golden/x86/mixed-01.trace")
    var random = RandomOperations(seed: seed)
    var bytes = original
    for _ in 0..<original.count / 20 {
      let position = Int(random.below(UInt64(bytes.count)))
      switch random.below(3) {
      case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
      case 1: bytes[position] = bytes[Int(random.below(UInt64(bytes.count)))]
      default: bytes[position] ^= 1 << UInt8(random.below(8))
      }
    }
    let list = ItemList(.bytes(bytes))
    #expect(!list.failures.isEmpty)
    #expect(!list.operations.isEmpty)
    let again = try TraceParser.operations(in: .bytes(TraceWriter.bytes(of: list.operations)))
    #expect(again == list.operations)
  }

  @Test func theLastGoodLineOfARandomCutIsStillRead() throws {
    let original = try TestFiles.bytes("Golden/x64/bug-doublefree-big-np.trace")
    let whole = ItemList(.bytes(original)).operations
    for count in stride(from: 0, to: original.count, by: 3) {
      let cut = ItemList(.bytes(Array(original.prefix(count)))).operations
      #expect(cut.dropLast() == whole.prefix(max(0, cut.count - 1)))
    }
  }
}
