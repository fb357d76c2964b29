import PropertyTesting
import Testing

@Suite struct ExhaustiveChoicesTests {
  @Test func everyCombinationComesOnceAndInOrder() {
    var choices = ExhaustiveChoices()
    var seen: [[UInt64]] = []
    repeat {
      seen.append([choices.draw(below: 2), choices.draw(below: 3)])
    } while choices.advance()
    #expect(seen == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]])
  }

  @Test func laterQuestionsMayDependOnEarlierAnswers() {
    var choices = ExhaustiveChoices()
    var words: [String] = []
    repeat {
      var word = ""
      for _ in 0..<choices.draw(in: 0...2) { word += choices.draw(from: ["a", "b"]) }
      words.append(word)
    } while choices.advance()
    #expect(words == ["", "a", "b", "aa", "ab", "ba", "bb"])
  }

  @Test func stoppingEarlyPrunesTheRest() {
    var choices = ExhaustiveChoices()
    var rounds = 0
    repeat {
      rounds += 1
      for _ in 0..<4 where choices.draw(below: 2) == 1 { break }
      // `break` leaves the loop at the first 1: five words instead of sixteen.
    } while choices.advance()
    #expect(rounds == 5)
  }

  @Test func noQuestionIsOneRound() {
    var choices = ExhaustiveChoices()
    let hasMore = choices.advance()
    #expect(!hasMore)
  }

  @Test func kindsOfWeightZeroAndImpossibleOnesAreLeftOut() {
    var choices = ExhaustiveChoices()
    var kinds: [Int?] = []
    repeat {
      kinds.append(choices.drawKind(weights: [5, 0, 1, 9]) { $0 != 3 })
    } while choices.advance()
    #expect(kinds == [0, 2])
  }

  @Test func onlyOneOfTheEmptySlotsIsTried() {
    var table = SlotTable(capacity: 8)
    table.fill(Slot(0))
    table.fill(Slot(1))
    var empty: [Slot?] = []
    var choices = ExhaustiveChoices()
    repeat { empty.append(choices.drawSlot(.empty, from: table)) } while choices.advance()
    #expect(empty == [Slot(2)])
    var live: [Slot?] = []
    choices = ExhaustiveChoices()
    repeat { live.append(choices.drawSlot(.live, from: table)) } while choices.advance()
    #expect(Set(live) == [Slot(0), Slot(1)])
  }
}
