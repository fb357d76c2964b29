import PropertyTesting
import Testing

/// The ranks of the order, each seen to decide.
@Suite struct TraceOrderTests {
  private typealias PoolTrace = Trace<ToyPoolConfiguration, ToyPoolOperation>

  private func trace(_ lines: String, pages: UInt64 = 3) -> PoolTrace {
    PoolTrace(
      configuration: ToyPoolConfiguration(bug: .none, pages: pages),
      operations: lines.split(separator: ";").compactMap {
        ToyPoolOperation(String($0.drop(while: { $0 == " " })))
      })
  }

  @Test(arguments: [
    ("alloc s0 64", "alloc s0 1; free s0", "length"),
    ("alloc s0 1; free s0; alloc s1 1", "alloc s0 1; free s0; alloc s0 1", "reuse of slots"),
    ("alloc s0 9; alloc s1 9", "alloc s0 1; free s0", "kinds"),
    ("alloc s0 9; alloc s1 9", "alloc s1 9; alloc s0 9", "slots"),
    ("alloc s0 6; alloc s1 1", "alloc s0 5; alloc s1 9", "parameters away from their origins"),
    ("alloc s0 5; alloc s1 9", "alloc s0 6; alloc s1 8", "complexity of parameters"),
  ])
  func smallerComesFirst(smaller: String, larger: String, rank: String) {
    #expect(TraceOrder.isSmaller(trace(smaller), than: trace(larger)), "\(rank)")
    #expect(!TraceOrder.isSmaller(trace(larger), than: trace(smaller)), "\(rank)")
  }

  @Test func settingsRankBeforeWhatOperationsAre() {
    let plain = trace("alloc s0 60; free s0")
    #expect(TraceOrder.isSmaller(plain, than: trace("alloc s0 1; alloc s1 1", pages: 4)))
    #expect(TraceOrder.isSmaller(trace("alloc s0 1", pages: 8), than: plain))
    let (below, above) = (trace("alloc s0 1", pages: 2), trace("alloc s0 1", pages: 4))
    // As far from the default on either side: the value breaks the tie.
    #expect(TraceOrder.isSmaller(below, than: above))
  }

  @Test func theOrderIsTotalAndIrreflexive() {
    var traces: [PoolTrace] = []
    for stream in 0..<40 {
      var choices = RandomChoices(seed: Seed(12), stream: UInt64(stream))
      traces.append(
        TraceGenerator<ToyPoolModel>.trace(
          operationCount: 3, configuration: ToyPoolConfiguration(),
          swarm: .plain(ToyPoolModel.kinds), choices: &choices))
    }
    for left in traces {
      #expect(!TraceOrder.isSmaller(left, than: left))
      for right in traces where left != right {
        let (down, upward) = (
          TraceOrder.isSmaller(left, than: right), TraceOrder.isSmaller(right, than: left)
        )
        #expect(down != upward)
      }
    }
  }
}
