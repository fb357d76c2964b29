import PropertyTesting

/// Steps of the search for a worse program: new ones, changed copies, the beginning of one with the end
/// of another. None asks for more than `largest` bytes at once, but where a program by hand does.
extension FragmentingProgram {
  static func random(_ random: inout Xoshiro256, largest: Int) -> FragmentingProgram {
    let count = 2 + Int(random.draw(below: 8))
    return FragmentingProgram(steps: (0..<count).map { _ in randomStep(&random, largest) })
  }

  private static func randomStep(_ random: inout Xoshiro256, _ largest: Int) -> Step {
    let isLastFillOnly = random.draw(below: 4) == 0
    switch random.draw(below: 8) {
    case 0..<4: return randomFill(&random, largest)
    case 4:
      let span = spanSizes[Int(random.draw(below: UInt64(spanSizes.count)))]
      return .spans(bytes: span, isLastFillOnly: random.draw(below: 4) > 0)
    case 5:
      return .covering(bytes: 32 << Int(random.draw(below: 14)), randomExtent(&random))
    default:
      guard random.draw(below: 4) > 0 else {
        return .release(kept: 0, offset: 0, isLastFillOnly: isLastFillOnly)
      }
      let kept = 2 + Int(random.draw(below: random.draw(below: 2) == 0 ? 6 : 300))
      return .release(
        kept: kept, offset: Int(random.draw(below: 2)), isLastFillOnly: isLastFillOnly)
    }
  }

  private static func randomExtent(_ random: inout Xoshiro256) -> Extent {
    let number = Int(random.draw(below: 4))
    return number == 3 ? .powerOfTwo(smallest: 32) : .header(8 * number)
  }

  private static func randomFill(_ random: inout Xoshiro256, _ largest: Int) -> Step {
    let widths = UInt64(largest.bitWidth - largest.leadingZeroBitCount)
    let width = 4 + random.draw(below: widths - 4)
    let bytes = 1 << width | random.draw(below: 1 << width)
    let share = random.draw(below: 3) == 0 ? 1 + random.draw(below: 16) : 16
    return .fill(bytes: min(Int(bytes), largest), sixteenths: Int(share))
  }

  /// A changed copy.
  func mutated(_ random: inout Xoshiro256, largest: Int) -> FragmentingProgram {
    var copy = self
    if random.draw(below: 4) == 0 { copy.changeEveryStep(&random) }
    for _ in 0...random.draw(below: 3) {
      let index = Int(random.draw(below: UInt64(copy.steps.count)))
      switch random.draw(below: 6) {
      case 0: copy.steps[index] = Self.randomStep(&random, largest)
      case 1: if copy.steps.count > 1 { copy.steps.remove(at: index) }
      case 2: copy.insert([Self.randomStep(&random, largest)], at: index)
      case 3 where index + 1 < copy.steps.count:
        // A fill and what it leaves, once more with another size.
        let pair = copy.steps[index...index + 1].map { Self.adjusted($0, &random, largest) }
        copy.insert(pair, at: index)
      default: copy.steps[index] = Self.adjusted(copy.steps[index], &random, largest)
      }
    }
    return copy
  }

  /// The beginning of this program and the end of another.
  func followed(by other: FragmentingProgram, _ random: inout Xoshiro256) -> FragmentingProgram {
    let first = 1 + Int(random.draw(below: UInt64(steps.count)))
    let second = Int(random.draw(below: UInt64(other.steps.count)))
    let joined = Array(steps.prefix(first)) + other.steps.dropFirst(second)
    return FragmentingProgram(steps: Array(joined.prefix(Self.mostSteps)))
  }

  private mutating func insert(_ new: [Step], at index: Int) {
    guard steps.count + new.count <= Self.mostSteps else { return }
    steps.insert(contentsOf: new, at: index)
  }

  /// The same change of all sizes, or of all spans: a program of many like steps is one idea.
  private mutating func changeEveryStep(_ random: inout Xoshiro256) {
    let change = [-16, -8, -1, 1, 8, 16][Int(random.draw(below: 6))]
    let span = Self.spanSizes[Int(random.draw(below: UInt64(Self.spanSizes.count)))]
    let isOfSpans = random.draw(below: 2) == 0
    steps = steps.map { step in
      switch step {
      case .fill(let bytes, let share) where !isOfSpans:
        .fill(bytes: max(bytes + change, Self.smallestBytes), sixteenths: share)
      case .spans(_, let isLastFillOnly) where isOfSpans:
        .spans(bytes: span, isLastFillOnly: isLastFillOnly)
      default: step
      }
    }
  }

  private static func adjusted(
    _ step: Step, _ random: inout Xoshiro256, _ largest: Int
  ) -> Step {
    switch step {
    case .fill(let bytes, let sixteenths):
      let factors = [bytes / 2, bytes - 1, bytes + 1, bytes - 8, bytes + 8, bytes + 16, bytes * 2]
      let next = factors[Int(random.draw(below: UInt64(factors.count)))]
      // A size that somebody put there may be larger than those that the search begins with.
      let most = max(largest, bytes)
      return .fill(bytes: min(max(next, smallestBytes), most), sixteenths: sixteenths)
    case .release(0, let offset, let isLastFillOnly):
      return .release(kept: 0, offset: offset, isLastFillOnly: !isLastFillOnly)
    case .release(let kept, let offset, let isLastFillOnly):
      let choices = [kept - 1, kept + 1, kept / 2, kept * 2]
      let next = choices[Int(random.draw(below: UInt64(choices.count)))]
      return .release(
        kept: min(max(next, 2), 1 << 20), offset: offset, isLastFillOnly: isLastFillOnly)
    case .spans(let bytes, let isLastFillOnly):
      let next = random.draw(below: 2) == 0 ? bytes / 2 : bytes * 2
      return random.draw(below: 4) == 0
        ? .spans(bytes: bytes, isLastFillOnly: !isLastFillOnly)
        : .spans(bytes: min(max(next, 4096), 1 << 20), isLastFillOnly: isLastFillOnly)
    case .covering(let bytes, let extent):
      let next = random.draw(below: 2) == 0 ? max(bytes / 2, 32) : bytes * 2
      return random.draw(below: 2) == 0
        ? .covering(bytes: bytes, randomExtent(&random))
        : .covering(bytes: min(next, 1 << 24), extent)
    }
  }
}
