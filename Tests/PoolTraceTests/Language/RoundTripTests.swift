import KernelPool
@testable import PoolTrace
import Testing

/// What is written re-reads to the same trace.
@Suite struct RoundTripTests {
  @Test(arguments: UInt64(1)...8)
  func randomTraces(seed: UInt64) throws {
    var random = RandomOperations(seed: seed)
    var operations: [Operation] = [.config(randomConfiguration(&random))]
    for _ in 0..<1500 { operations.append(random.operation()) }
    let text = TraceWriter.bytes(of: operations)
    let again = try TraceParser.operations(in: .bytes(text))
    try #require(again.count == operations.count)
    for (operation, reread) in zip(operations, again) {
      #expect(operation == reread, "\(TraceWriter.line(operation))")
    }
    #expect(TraceWriter.bytes(of: again) == text)
  }

  @Test func aPlantedDifferenceIsSeen() throws {
    let operations = try TraceParser.operations(in: "free a\nfree b\n")
    #expect(operations != [.free("a", tag: nil), .free("c", tag: nil)])
    #expect(operations == [.free("a", tag: nil), .free("b", tag: nil)])
  }

  @Test func commentsAreWrittenAsComments() throws {
    var bytes: [UInt8] = []
    TraceWriter.append(comment: "seed 7\n\nalloc 1 NonPaged 8 Tst1", to: &bytes)
    TraceWriter.append(.dump, to: &bytes)
    #expect(
      String(decoding: bytes, as: UTF8.self)
        == "# seed 7\n#\n# alloc 1 NonPaged 8 Tst1\ndump\n")
    #expect(try TraceParser.operations(in: .bytes(bytes)) == [.dump])
  }

  private func randomConfiguration(_ random: inout RandomOperations) -> TraceConfiguration {
    var configuration = TraceConfiguration(
      profile: Profile.all[Int(random.below(UInt64(Profile.all.count)))])
    configuration.pool.nonPagedPages = 1 + random.below(500)
    configuration.pool.maximumNonPagedPages =
      random.coin() ? nil : configuration.pool.nonPagedPages + random.below(500)
    configuration.pool.lookasideDepth = random.coin() ? nil : UInt16(random.below(65536))
    configuration.pool.profile.lookasideDepthRule = random.coin() ? .fixed : .missRatio
    configuration.pool.profile.checks = random.coin() ? .none : .wholePage
    configuration.pool.availablePages = random.coin() ? nil : random.number()
    configuration.fill = random.coin() ? .on : .off
    configuration.pool.processors = Int(1 + random.below(64))
    return configuration
  }
}

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
