import Testing

@testable import PoolTrace

/// Indexes of slots, and what is forgotten when.
@Suite struct SlotTableTests {
  @Test func aSlotKeepsItsIndexWhileItIsRemembered() {
    var table = SlotNameTable(rememberedSlots: 2)
    #expect(table.find("a") == nil)
    #expect(table.claim("a") == .new(0))
    #expect(table.claim("a") == .known(0))
    table.retire(0)
    #expect(table.find("a") == 0)
    #expect(table.claim("a") == .known(0))
    #expect((table.liveCount, table.retiredCount) == (1, 0))
    #expect(table.name(at: 0) == "a")
  }

  @Test func theLongestRetiredIsForgotten() {
    var table = SlotNameTable(rememberedSlots: 2)
    for name: SlotName in ["a", "7", "c", "9999999999"] { _ = table.claim(name) }
    for index in [1, 0, 3] { table.retire(index) }
    #expect(table.find("7") == nil)
    #expect(table.find("a") == 0)
    #expect(table.find("9999999999") == 3)
    #expect(table.claim("d") == .new(1))
    table.retire(2)
    #expect(table.find("a") == nil)
    #expect(table.claim("7") == .new(0))
  }

  @Test func aRevivedSlotLeavesTheQueue() {
    var table = SlotNameTable(rememberedSlots: 2)
    for name: SlotName in ["a", "b", "c"] { _ = table.claim(name) }
    for index in [0, 1] { table.retire(index) }
    #expect(table.claim("a") == .known(0))
    table.retire(2)
    #expect(table.find("b") == 1)
    table.retire(0)
    #expect(table.find("b") == nil)
    #expect(table.find("c") == 2)
  }

  @Test func retiringTwiceIsRetiringOnce() {
    var table = SlotNameTable()
    table.retire(table.claim("a").index)
    table.retire(0)
    #expect((table.liveCount, table.retiredCount) == (0, 1))
  }

  @Test func newNamesForEverNeedConstantMemory() {
    var table = SlotNameTable(rememberedSlots: 10)
    for number in UInt64(0)..<20_000 {
      table.retire(table.claim(SlotName(number * 97)).index)
    }
    #expect(table.indexCount == 11)
    #expect(table.retiredCount == 10)
  }

  @Test func nothingIsRememberedWhereNothingMayBe() {
    var table = SlotNameTable(rememberedSlots: 0)
    table.retire(table.claim("a").index)
    #expect(table.find("a") == nil)
    #expect(table.claim("b") == .new(0))
  }

  /// Random claims and retirements agree with a table made of a dictionary and a list.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func randomUseAgreesWithASimpleTable(seed: UInt64) {
    var random = RandomOperations(seed: seed)
    var table = SlotNameTable(rememberedSlots: 50)
    var known: [SlotName: Int] = [:]
    var retired: [SlotName] = []
    let names = (0..<400).map { _ in random.slot() }
    for _ in 0..<20_000 {
      let name = names[Int(random.below(400))]
      #expect(table.find(name) == known[name])
      if random.coin() {
        let claim = table.claim(name)
        if let index = known[name] { #expect(claim == .known(index)) }
        known[name] = claim.index
        retired.removeAll { $0 == name }
      } else if let index = known[name], !retired.contains(name) {
        table.retire(index)
        retired.append(name)
        if retired.count > 50 { known[retired.removeFirst()] = nil }
      }
    }
    #expect(table.liveCount == known.count - retired.count)
    #expect(table.retiredCount == retired.count)
    #expect(Set(known.values).count == known.count)
    #expect(known.allSatisfy { table.name(at: $0.value) == $0.key })
  }
}
