import PropertyTesting
import Testing

@Suite struct ByteChoicesTests {
  @Test func aBoundTakesTheBytesItNeeds() {
    var choices = ByteChoices([7, 1, 2, 1, 2, 3, 0xff])
    let first = [256, 257, 1 << 24, 1].map { choices.draw(below: $0) }
    #expect(first == [7, 0x0102 % 257, 0x01_0203, 0])
    #expect(!choices.isExhausted)
    let last = choices.draw(below: 10)
    #expect(last == 255 % 10)
    #expect(choices.isExhausted)
  }

  @Test func pastTheEndAllIsZero() {
    var choices = ByteChoices([])
    #expect(choices.isExhausted)
    let number = choices.draw(below: .max)
    let chance = choices.chance(1, in: 2)
    let kind = choices.drawKind(weights: [0, 3, 4]) { _ in false }
    #expect(number == 0)
    #expect(!chance)
    #expect(kind == 1)
  }

  @Test func everyStringAnswersEveryQuestionInRange() {
    var random = Xoshiro256(seed: 11)
    for length in 0..<64 {
      var choices = ByteChoices((0..<length).map { _ in UInt8(random.draw(below: 256)) })
      for bound in [1, 2, 3, 255, 256, 257, 65_537, UInt64.max] {
        let number = choices.draw(below: bound)
        #expect(number < bound)
      }
      let signed = choices.draw(in: -3...3)
      #expect((-3...3).contains(signed))
    }
  }

  /// The point of the separate doors: what a byte names does not depend on the state.
  @Test func kindsAndSlotsDoNotLookAtTheState() {
    var full = SlotTable(capacity: 16)
    for number in 0..<16 { full.fill(Slot(number)) }
    let empty = SlotTable(capacity: 16)
    for byte in UInt8.min...UInt8.max {
      var first = ByteChoices([byte, byte])
      var second = ByteChoices([byte, byte])
      let slots = (first.drawSlot(.live, from: full), second.drawSlot(.empty, from: empty))
      #expect(slots.0 == slots.1)
      let kinds = (
        first.drawKind(weights: [1, 2, 3]) { _ in true },
        second.drawKind(weights: [1, 2, 3]) { _ in false }
      )
      #expect(kinds.0 == kinds.1)
    }
  }

  @Test func noWeightMeansNoKind() {
    var choices = ByteChoices([1])
    let kind = choices.drawKind(weights: [0, 0]) { _ in true }
    #expect(kind == nil)
  }
}
