import PropertyTesting
import Testing

@Suite struct LifetimeTests {
  private func operations(_ lines: String...) -> [ToyPoolOperation] {
    lines.compactMap { ToyPoolOperation($0) }
  }

  @Test func lifetimesFollowTheSlots() {
    let lifetimes = Lifetime.all(
      in: operations(
        "free s1", "alloc s0 1", "alloc s1 1", "free s0", "alloc s0 2", "free s0", "free s0"))
    #expect(lifetimes.map(\.operations) == [[1, 3], [2], [4, 5, 6]])
    #expect(lifetimes.map(\.destruction) == [3, nil, 5])
    #expect(lifetimes.map(\.creation) == [1, 2, 4])
    #expect(lifetimes.map(\.slot) == [Slot(0), Slot(1), Slot(0)])
  }

  @Test func separationGivesEachLifetimeASlotInOrderOfFirstUse() {
    let separated = SlotNaming.separated(
      operations("alloc s7 1", "alloc s3 1", "free s7", "alloc s7 2", "free s3", "free s7"))
    #expect(
      separated
        == operations("alloc s0 1", "alloc s1 1", "free s0", "alloc s2 2", "free s1", "free s2"))
  }

  @Test func selectionsCountAndRemove() {
    var selection = IndexSelection([1, 3], of: 5)
    selection.insert(3)
    #expect(selection.count == 2)
    let trace = Trace(
      configuration: ToyPoolConfiguration(),
      operations: (0..<5).map { ToyPoolOperation.free(Slot($0)) })
    let left = trace.removing(selection).operations
    #expect(left == [.free(Slot(0)), .free(Slot(2)), .free(Slot(4))])
    #expect(trace.removing(at: 0).operations.count == 4)
    #expect(trace.prefix(2).operations == [.free(Slot(0)), .free(Slot(1))])
    #expect(trace.prefix(9) == trace)
  }
}
