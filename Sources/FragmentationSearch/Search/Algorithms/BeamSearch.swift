/// Beam search over rounds of macro programs, led by `LevelValue`. The programs are bred by
/// MAP-Elites at the same time; passes of the beam compose them and breed from what they used.
public struct BeamSearch: SearchAlgorithm {
  /// `beam`.
  public var name: String { "beam" }
  /// States kept at each level.
  public let width: Int
  /// Programs tried from each state.
  public let programs: Int

  /// - Parameters:
  ///   - width: at least 1.
  ///   - programs: at least 2.
  public init(width: Int = 4, programs: Int = 24) {
    self.width = max(1, width)
    self.programs = max(2, programs)
  }

  /// A stream of passes on the abstract pool.
  public func stream(_ question: SearchQuestion, number: Int) -> any SearchStream {
    stream(question, number: number) { question.makePool() }
  }

  /// A stream of passes; they find nothing on an allocator that cannot be duplicated.
  public func stream<Target: AllocatorTarget & ~Copyable>(
    _ question: SearchQuestion, number: Int, on makeTarget: @escaping @Sendable () -> Target
  ) -> any SearchStream {
    let value = LevelValue(question.geometry)
    let width = width
    // Rounds end by themselves; the limit is there to be repeated with the run.
    let limit = 1 << 40
    let setting = BeamStream.Setting(
      question: question, programs: programs,
      pass: { programs, mostOperations in
        var pass = BeamPass<Target>(question, programs, width: width, value: value)
        let result = pass.run(on: makeTarget(), mostOperations: mostOperations)
        return (result.rounds, result.pages, result.operations)
      },
      measure: { rounds, recording in
        var trial = Trial(question, on: makeTarget(), recording: recording)
        rounds.run(&trial, mostOperations: limit)
        return (SearchOutcome(trial, limit: limit), trial.trace)
      })
    return BeamStream(
      setting, number: number,
      nursery: MacroSearch(.elites).evolution(question, number: number, on: makeTarget))
  }
}
