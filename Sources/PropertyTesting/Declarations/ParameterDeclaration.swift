/// A parameter of an operation: its name, the values it may have, and the simplest of them; or several
/// of them, whose values are a tuple.
///
/// Parameters of one name have one meaning: the shrinker compares them, makes them equal, and moves
/// them together. They are written `name=value` in a trace.
public struct ParameterDeclaration<Value>: Sendable {
  let ranges: [ParameterRange]
  /// The value of as many numbers as there are ranges.
  let value: @Sendable (ArraySlice<UInt64>) -> Value
}

extension ParameterDeclaration where Value == Void {
  /// No parameter.
  public static var none: Self { Self(ranges: []) { _ in } }
}

extension ParameterDeclaration {
  /// Two parameters.
  public static func both<First, Second>(
    _ first: ParameterDeclaration<First>, _ second: ParameterDeclaration<Second>
  ) -> Self where Value == (First, Second) {
    Self(ranges: first.ranges + second.ranges) { codes in
      (first.value(codes), second.value(codes.dropFirst(first.ranges.count)))
    }
  }

  /// Three parameters.
  public static func all<First, Second, Third>(
    _ first: ParameterDeclaration<First>, _ second: ParameterDeclaration<Second>,
    _ third: ParameterDeclaration<Third>
  ) -> Self where Value == (First, Second, Third) {
    let others = ParameterDeclaration<(Second, Third)>.both(second, third)
    return Self(ranges: first.ranges + others.ranges) { codes in
      let (second, third) = others.value(codes.dropFirst(first.ranges.count))
      return (first.value(codes), second, third)
    }
  }

  fileprivate init(_ range: ParameterRange, value: @escaping @Sendable (UInt64) -> Value) {
    self.init(ranges: [range]) { codes in value(codes.first ?? range.origin) }
  }
}

extension ParameterDeclaration where Value == Int {
  /// A whole number, simplest next to 0. The ends of the range are drawn more often than the rest
  /// where it is wide, and so are the landmarks, which the shrinker tries first too.
  public static func int(
    _ name: String, _ range: ClosedRange<Int>, landmarks: [Int] = []
  ) -> Self {
    // Numbers below zero are counted from the lower end, so that none is.
    let offset = min(range.lowerBound, 0)
    let code = { @Sendable (number: Int) in UInt64(bitPattern: Int64(number &- offset)) }
    let number = { @Sendable (code: UInt64) in Int(truncatingIfNeeded: code) &+ offset }
    let origin = min(max(0, range.lowerBound), range.upperBound)
    return Self(
      ParameterRange(
        name: name, offset: offset, codes: code(range.lowerBound)...code(range.upperBound),
        origin: code(origin), landmarks: landmarks.filter(range.contains).map(code),
        text: { "\(number($0))" },
        code: { Int($0).flatMap { range.contains($0) ? code($0) : nil } }),
      value: number)
  }
}

extension ParameterDeclaration {
  /// One of some values, the simplest first. They must not be none.
  public static func oneOf(
    _ name: String, _ values: [Value]
  ) -> Self where Value: Sendable & CustomStringConvertible {
    precondition(!values.isEmpty, "a parameter without a value")
    let words = values.map { "\($0)".split(whereSeparator: \.isWhitespace).joined(separator: "-") }
    return Self(
      ParameterRange(
        name: name, offset: 0, codes: 0...UInt64(values.count - 1), origin: 0, landmarks: [],
        text: { words[Int($0)] }, code: { words.firstIndex(of: String($0)).map(UInt64.init) }),
      value: { values[Int($0)] })
  }
}

extension ParameterDeclaration where Value == Bool {
  /// Yes or no; no is the simpler.
  public static func bool(_ name: String) -> Self { .oneOf(name, [false, true]) }
}

/// The values of a parameter as numbers, which is how a trace holds them.
struct ParameterRange: Sendable {
  let name: String
  /// What is added to a number to give the value that the user sees.
  let offset: Int
  let codes: ClosedRange<UInt64>
  let origin: UInt64
  let landmarks: [UInt64]
  let text: @Sendable (UInt64) -> String
  let code: @Sendable (Substring) -> UInt64?

  /// Up to here all values are drawn alike.
  private static var narrowSpan: UInt64 { 64 }

  func draw(_ choices: inout some ChoiceSource) -> UInt64 {
    let span = codes.upperBound - codes.lowerBound
    guard span > Self.narrowSpan, choices.chance(1, in: 4) else {
      return codes.lowerBound + choices.draw(below: span == .max ? span : span + 1)
    }
    return choices.draw(from: [codes.lowerBound, codes.upperBound, origin] + landmarks)
  }
}
