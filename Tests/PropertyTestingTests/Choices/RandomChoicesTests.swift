import PropertyTesting
import Testing

@Suite struct RandomChoicesTests {
  @Test func kindsFollowTheirWeights() {
    var choices = RandomChoices(seed: Seed(1))
    var counts = [0, 0, 0, 0]
    for _ in 0..<10_000 {
      let kind = choices.drawKind(weights: [1, 0, 3, 6]) { $0 != 3 }
      counts[kind ?? 3] += 1
    }
    #expect(counts[1] == 0)
    #expect(counts[3] == 0)
    #expect((2_200...2_800).contains(counts[0]), "\(counts)")
  }

  @Test func nothingPossibleGivesNothing() {
    var choices = RandomChoices(seed: Seed(1))
    let table = SlotTable(capacity: 1)
    let kind = choices.drawKind(weights: [1, 1]) { _ in false }
    #expect(kind == nil)
    let ofEmptyTable = [.live, .leaving, .empty].map { choices.drawSlot($0, from: table) }
    #expect(ofEmptyTable == [nil, nil, Slot(0)])
    var full = table
    full.fill(Slot(0))
    let ofFullTable = [.live, .leaving, .empty].map { choices.drawSlot($0, from: full) }
    #expect(ofFullTable == [Slot(0), Slot(0), nil])
  }

  @Test func lifetimesEndByThePolicy() {
    var choices = RandomChoices(seed: Seed(1))
    var table = SlotTable(capacity: 8, policy: .newestFirst)
    for number in [3, 1, 5] { table.fill(Slot(number)) }
    let newest = choices.drawSlot(.leaving, from: table)
    #expect(newest == Slot(5))
    table.policy = .oldestFirst
    let oldest = choices.drawSlot(.leaving, from: table)
    #expect(oldest == Slot(3))
    table.policy = .anyOrder
    let drawn = Set((0..<100).map { _ in choices.drawSlot(.leaving, from: table) })
    #expect(drawn == [Slot(1), Slot(3), Slot(5)])
  }

  @Test func rangesIncludeBothEnds() {
    var choices = RandomChoices(seed: Seed(9))
    let drawn = Set((0..<200).map { _ in choices.draw(in: -2...2) })
    #expect(drawn == [-2, -1, 0, 1, 2])
  }

  @Test func chancesOfNoneAndAll() {
    var choices = RandomChoices(seed: Seed(9))
    let never = (0..<100).map { _ in choices.chance(0, in: 3) }
    let always = (0..<100).map { _ in choices.chance(3, in: 3) }
    #expect(never.allSatisfy { !$0 })
    #expect(always.allSatisfy { $0 })
  }
}
