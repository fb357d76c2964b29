extension MacroProgram: Genome {
  static var kind: String { "macro" }

  static func random(
    _ question: SearchQuestion, _ generator: inout SeededGenerator
  ) -> MacroProgram {
    random(&generator)
  }

  static func random(_ generator: inout SeededGenerator) -> MacroProgram {
    let count = generator.within(3...8)
    return MacroProgram(steps: (0..<count).map { _ in randomStep(&generator) })
  }

  private static func randomStep(_ generator: inout SeededGenerator) -> Step {
    if generator.chance(2, in: 5) { return .release(age: generator.below(3)) }
    return .request(
      Measure.allCases[generator.below(Measure.allCases.count)], offset: generator.within(-3...3),
      floorShift: generator.below(4), keeps: generator.chance(1, in: 4))
  }

  mutating func mutate(_ question: SearchQuestion, _ generator: inout SeededGenerator) {
    for _ in 0...generator.below(3) { mutateOnce(&generator) }
  }

  private mutating func mutateOnce(_ generator: inout SeededGenerator) {
    let index = generator.below(steps.count)
    switch generator.below(6) {
    case 0: steps[index] = Self.randomStep(&generator)
    case 1: steps.swapAt(index, generator.below(steps.count))
    case 2: if steps.count > 1 { steps.remove(at: index) }
    case 3: if steps.count < Self.mostSteps { steps.insert(Self.randomStep(&generator), at: index) }
    default: steps[index] = Self.adjusted(steps[index], &generator)
    }
  }

  private static func adjusted(_ step: Step, _ generator: inout SeededGenerator) -> Step {
    switch step {
    case .release(let age): return .release(age: max(0, age + generator.within(-1...1)))
    case .request(let measure, let offset, let floorShift, let keeps):
      switch generator.below(3) {
      case 0:
        return .request(
          measure, offset: offset + generator.within(-2...2), floorShift: floorShift, keeps: keeps)
      case 1:
        return .request(
          measure, offset: offset, floorShift: generator.below(4), keeps: keeps)
      default:
        return .request(measure, offset: offset, floorShift: floorShift, keeps: !keeps)
      }
    }
  }

  func crossed(with other: MacroProgram, _ generator: inout SeededGenerator) -> MacroProgram {
    let head = steps.prefix(generator.within(0...steps.count))
    let tail = other.steps.suffix(generator.within(0...other.steps.count))
    let joined = Array((head + tail).prefix(Self.mostSteps))
    return joined.isEmpty ? self : MacroProgram(steps: joined)
  }
}
