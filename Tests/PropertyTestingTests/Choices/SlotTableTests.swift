import PropertyTesting
import Testing

/// The table against the dumbest model: an array of live slots in order of creation.
@Suite struct SlotTableTests {
  @Test func agreesWithAListAtEveryStep() {
    var random = Xoshiro256(seed: 21)
    var table = SlotTable(capacity: 9)
    var model: [Slot] = []
    for _ in 0..<5_000 {
      let slot = Slot(Int(random.draw(below: 11)))
      if random.draw(below: 2) == 0 {
        table.fill(slot)
        if slot.number < 9, !model.contains(slot) { model.append(slot) }
      } else {
        table.empty(slot)
        model.removeAll { $0 == slot }
      }
      expectAgreement(table, model)
    }
  }

  private func expectAgreement(_ table: SlotTable, _ model: [Slot]) {
    #expect(table.liveCount == model.count)
    #expect(table.oldest == model.first)
    #expect(table.newest == model.last)
    let live = (0..<table.liveCount).map { table.liveSlot($0) }
    let empty = (0..<table.emptyCount).map { table.emptySlot($0) }
    #expect(live.sorted() == model.sorted())
    #expect((live + empty).sorted() == (0..<9).map { Slot($0) })
    #expect((0..<12).allSatisfy { table.isLive(Slot($0)) == model.contains(Slot($0)) })
  }

  @Test func admitsWhatTheEffectsNeed() {
    var table = SlotTable(capacity: 2)
    table.fill(Slot(0))
    #expect(table.admits(.none))
    #expect(!table.admits(.creates(Slot(0))))
    #expect(table.admits(.creates(Slot(1))))
    #expect(!table.admits(.creates(Slot(2))))
    #expect(table.admits(.uses(Slot(0))))
    #expect(!table.admits(.uses(Slot(1))))
    #expect(!table.admits(.destroys(Slot(1))))
    #expect(table.admits(.mentions(Slot(1))))
    let move = SlotUses.two(SlotUse(Slot(0), .destroys), SlotUse(Slot(1), .creates))
    #expect(table.admits(move))
    table.apply(move)
    #expect(!table.isLive(Slot(0)) && table.isLive(Slot(1)))
    #expect(!table.admits(move))
  }

  @Test func slotsAreReadBackAndNothingElseIs() {
    #expect(Slot("s17") == Slot(17))
    #expect(Slot(Slot(5).description) == Slot(5))
    for text in ["", "s", "17", "s-1", "s+1", "s1048576", "s99999999999999999999", "S1", "s1 "] {
      #expect(Slot(text) == nil, "\(text)")
    }
    #expect(Slot(exactly: -1) == nil)
    #expect(Slot(exactly: Slot.limit) == nil)
    #expect(Slot(exactly: Slot.limit - 1)?.number == Slot.limit - 1)
  }
}
