/// What is held after 1, 2, 4, ... rounds of the same calls. A leak rises on a straight line, to the step in
/// which the readings are taken; what fills a cache or a quarantine bends, or ends.
struct RoundReadings {
  /// What the readings are of.
  enum Kind {
    /// What the library says that it holds, to the byte.
    case declared
    /// Resident bytes, to the page.
    case resident
    /// Bytes of address space, to the page.
    case addressSpace

    /// That of what a library holds.
    static func held(_ capabilities: TargetCapabilities) -> Kind {
      capabilities.functions.contains(.footprint) ? .declared : .resident
    }
  }

  /// What the readings say.
  enum Verdict {
    /// The last doubling of the rounds left nothing more behind.
    case settles
    /// It did, and that may still be a cache that fills.
    case rises
    /// Each round leaves as much behind as the one before.
    case leaks
  }

  private let kind: Kind
  private let certainMark: Int
  /// One for each number of rounds that was run.
  private let values: UnsafeBufferPointer<UInt64>

  /// The readings up to the first that is 0: its rounds were not run. After 2 to the power of `certainMark`
  /// rounds what is straight is a leak.
  init(_ kind: Kind, _ values: UnsafeBufferPointer<UInt64>, certainMark: Int) {
    self.kind = kind
    self.certainMark = certainMark
    self.values = UnsafeBufferPointer(rebasing: values.prefix { $0 > 0 })
  }

  /// What `readings` of a run say.
  static func verdict(
    _ kind: Kind, _ readings: [UInt64], certainMark: Int = certainMark
  ) -> Verdict {
    readings.withUnsafeBufferPointer {
      RoundReadings(kind, $0, certainMark: certainMark).verdict
    }
  }

  /// Whether half of what was left behind is gone after some rest: no leak, but a library that gives pages
  /// back by the clock. `rested` is 0 where nobody waited.
  static func isGivenBack(_ readings: [UInt64], rested: UInt64) -> Bool {
    let ran = readings.prefix { $0 > 0 }
    guard rested > 0, let first = ran.first, let last = ran.last, last > first else { return false }
    return rested < first + (last - first) / 2
  }

  /// Doublings that a leak must be straight over: the rounds become 32 times as many.
  private static let doublings = 5
  /// Rounds, as a power of two, behind which what is straight is a leak. Lists of up to 8,192 blocks that
  /// one thread frees and another asks for rise on a straight line up to their end.
  static let certainMark = SharedArea.roundMarks - 1
  /// The same for the candidates of a reduction, which are many: what they come to is looked at for longer.
  static let candidateMark = 11
  /// Rounds, as a power of two, that are enough where every byte is declared and none was off the line since
  /// the first round.
  private static let declaredMark = 11

  /// Looks at them; asks nobody for memory.
  var verdict: Verdict {
    let last = values.count - 1
    guard last > 0, values[last] > values[last - 1] else { return .settles }
    guard last >= Self.doublings, let rise = rise(to: last) else { return .rises }
    if last >= certainMark || rise >= muchBytes { return .leaks }
    return kind == .declared && last >= Self.declaredMark && isExact ? .leaks : .rises
  }

  /// A rise that no cache has which the small requests of a trace fill.
  private var muchBytes: UInt64 { kind == .addressSpace ? 1 << 30 : 1 << 26 }

  /// Whether every round left exactly as much behind as the first.
  private var isExact: Bool {
    values.indices.dropFirst().allSatisfy { mark in
      values[mark] &- values[mark - 1] == (values[1] &- values[0]) << UInt64(mark - 1)
    }
  }

  /// The rise over the last doublings, where each reading lies on the line from the first of them to the
  /// last, but for two of the steps in which they rise; else nil.
  private func rise(to last: Int) -> UInt64? {
    let first = last - Self.doublings
    var step: UInt64 = 0
    for mark in first + 1...last {
      guard values[mark] > values[mark - 1] else { return nil }
      step = Self.greatestCommonDivisor(step, values[mark] - values[mark - 1])
    }
    // The rounds of the line in units of the first reading's.
    let parts: UInt64 = (1 << UInt64(Self.doublings)) - 1
    let rise = values[last] - values[first]
    guard rise / parts >= step else { return nil }
    for mark in first + 1..<last {
      let part: UInt64 = (1 << UInt64(mark - first)) - 1
      let expected = rise / parts * part + rise % parts * part / parts
      let value = values[mark] - values[first]
      guard max(value, expected) - min(value, expected) <= 2 * step else { return nil }
    }
    return rise
  }

  private static func greatestCommonDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
    var (larger, smaller) = (first, second)
    while smaller > 0 { (larger, smaller) = (smaller, larger % smaller) }
    return larger
  }
}

extension TargetRun {
  /// Whether the rounds of a run in which nothing went wrong had their end before it was known whether each
  /// leaves something behind, or before so many as were asked for.
  func lacksVerdict(
    _ capabilities: TargetCapabilities, rules: Set<TargetRule>, asked: UInt64
  ) -> Bool {
    func isOpen(_ rule: TargetRule, _ kind: RoundReadings.Kind, _ values: [UInt64]) -> Bool {
      guard rules.contains(rule), let last = values.prefix(while: { $0 > 0 }).indices.last else {
        return false
      }
      let verdict = RoundReadings.verdict(kind, values, certainMark: certainMark)
      return verdict == .rises || (verdict == .settles && asked >= 2 << UInt64(last))
    }
    return isOpen(.leak, .held(capabilities), footprints)
      || isOpen(.addressSpace, .addressSpace, addressSpace)
  }
}
