import KernelPool
import Testing

@testable import PoolTrace

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
