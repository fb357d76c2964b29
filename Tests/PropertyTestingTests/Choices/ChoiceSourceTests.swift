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

@Suite struct TapeChoicesTests {
  private func trace(_ choices: inout some ChoiceSource) -> [String] {
    TraceGenerator<ToyPoolModel>.trace(
      operationCount: 40, configuration: ToyPoolConfiguration(),
      swarm: .plain(ToyPoolModel.kinds), choices: &choices
    ).operations.map(\.description)
  }

  @Test func aRecordedTapeGivesTheSameTraceAgain() {
    var random = RandomChoices(seed: Seed(7), stream: 3)
    let expected = trace(&random)
    var recording = TapeChoices(recording: Seed(7).generator(stream: 3))
    #expect(trace(&recording) == expected)
    #expect(!recording.isExhausted)
    var replayed = TapeChoices(recording.tape)
    #expect(trace(&replayed) == expected)
    #expect(replayed.position == recording.tape.count)
    #expect(replayed.isExhausted)
  }

  @Test func aTapeThatEndsOrLiesStillAnswers() {
    var choices = TapeChoices([5, 900])
    #expect(choices.draw(below: 10) == 5)
    #expect(choices.draw(below: 10) == 9)
    #expect(choices.draw(below: 10) == 0)
    #expect(choices.isExhausted)
  }
}
