import KernelPool
import PoolInvariants
import PoolTestSupport
import PropertyTesting
import Testing

@Suite("Live allocations")
struct LiveAllocationsTests {
  private func allocation(_ slot: UInt32, bytes: UInt64 = 100) -> LiveAllocation {
    LiveAllocation(
      slot: slot, requestedBytes: bytes, type: .nonPaged, tag: "Test", patternSeed: 1)
  }

  @Test("it holds what a dictionary holds, through thousands of insertions and removals")
  func agreesWithDictionary() {
    var random = SplitMix64(seed: 42)
    var live = LiveAllocations()
    var model: [Address: UInt32] = [:]
    for step in 0..<20_000 as Range<UInt32> {
      // Few addresses, so that removals leave and close gaps in long probe chains.
      let address = 0xB100_0000 + UInt64.random(in: 0..<600, using: &random) * 8
      if Bool.random(using: &random) {
        let isNew = live.insert(address, allocation(step))
        #expect(isNew == (model[address] == nil))
        if isNew { model[address] = step }
      } else {
        let removed = live.remove(address)
        let expected = model.removeValue(forKey: address)
        #expect(removed == expected.map { Int($0) })
      }
      #expect(live.count == model.count)
    }
    for address in stride(from: 0xB100_0000, to: 0xB100_0000 + 600 * 8, by: 8) as StrideTo<Address>
    {
      #expect(live[address]?.slot == model[address])
    }
    var visited: [Address: UInt32] = [:]
    live.forEach { visited[$0] = $1.slot }
    #expect(visited == model)
  }

  @Test("address zero is no allocation")
  func zeroIsNothing() {
    var live = LiveAllocations()
    let isInserted = live.insert(0, allocation(1))
    let removed = live.remove(0)
    #expect(!isInserted && removed == nil && live[0] == nil)
  }

  @Test("an owner's writes are kept to its own bytes")
  func writesAreClamped() {
    var written = allocation(1)
    written.noteWrite(offset: -4, count: 4)
    #expect(written.writtenTo == 0, "an underrun excuses nothing")
    written.noteWrite(offset: 100, count: 4)
    #expect(written.writtenTo == 0, "an overrun excuses nothing")
    written.noteWrite(offset: -4, count: 10)
    #expect(written.writtenFrom == 0 && written.writtenTo == 6)
    written.noteWrite(offset: 90, count: .max)
    #expect(written.writtenFrom == 0 && written.writtenTo == 100)
    written.noteWrite(offset: .min, count: .max)
    written.noteWrite(offset: .max, count: .max)
    #expect(written.writtenFrom == 0 && written.writtenTo == 100)
    written.noteFill(seed: 2)
    #expect(written.writtenTo == 0 && written.patternSeed == 2)
  }

  @Test("a full audit excuses what the owner wrote and nothing else")
  func writtenBytesAreExcused() throws {
    var audited = try AuditedPool(Machine(.windows2003x86, "for writes") { _ in }.configuration)
    let address = audited.taking(.nonPaged, 100)
    audited.poke(address + 20, 0x4141_4141)
    expectOnlyPattern(audited.full())
    audited.live.update(address) { $0.noteWrite(offset: 20, count: 3) }
    expectOnlyPattern(audited.full())
    audited.live.update(address) { $0.noteWrite(offset: 20, count: 4) }
    let excused = audited.full()
    #expect(excused == [])
    audited.poke(address + 96, 0x4141_4141)
    expectOnlyPattern(audited.full())
  }

  private func expectOnlyPattern(_ violations: [Violation]) {
    #expect(violations.map(\.invariant) == [.livePattern])
  }
}
