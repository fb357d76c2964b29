import PropertyTesting
import Testing

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
