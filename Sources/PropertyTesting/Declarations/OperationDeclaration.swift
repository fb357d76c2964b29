/// An operation of a subject, declared once: its name, what it does with slots, its parameters with
/// their ranges, and what is done. Generation, text, skipping and shrinking follow from it.
///
/// A closure that throws reports a violation: a ``BrokenRule`` as it stands, any other error as
/// "NAME throws". Its first argument is the subject, which is what all things share; its last one the
/// value of the parameter, or the values of several as a tuple.
public struct OperationDeclaration<Subject: DeclaredSubject>: Sendable {
  /// What an operation does with slots.
  enum Shape: Sendable {
    case acts, creates, uses, combines, destroys
  }

  /// Its name: the first word of its line in a trace.
  public let name: String
  /// How often it is drawn in comparison with the others.
  public let weight: Int
  let shape: Shape
  let ranges: [ParameterRange]
  let perform: @Sendable (inout Subject, inout Things, DeclaredOperation<Subject>) throws -> Answer

  /// Makes a thing in an empty slot; nil where it was properly refused.
  public static func creates<Value>(
    _ name: String, weight: Int = 1,
    _ parameters: ParameterDeclaration<Value>,
    body: @escaping @Sendable (inout Subject, Value) throws -> Subject.Thing?
  ) -> Self {
    return Self(
      name: name, weight: weight, shape: .creates, ranges: parameters.ranges
    ) { subject, things, operation in
      guard
        let thing = try body(&subject, parameters.value(operation.values[...]))
      else { return .refused }
      things.put(thing, operation.first)
      return .done
    }
  }

  /// Does something with a thing, which stays.
  public static func uses<Value>(
    _ name: String, weight: Int = 1,
    _ parameters: ParameterDeclaration<Value>,
    body:
      @escaping @Sendable (inout Subject, inout Subject.Thing, Value) throws -> Answer
  ) -> Self {
    return Self(
      name: name, weight: weight, shape: .uses, ranges: parameters.ranges
    ) { subject, things, operation in
      guard var thing = things.take(operation.first) else { return .skipped }
      defer { things.put(thing, operation.first) }
      return try body(&subject, &thing, parameters.value(operation.values[...]))
    }
  }

  /// Does something with two things, which stay.
  public static func combines<Value>(
    _ name: String, weight: Int = 1,
    _ parameters: ParameterDeclaration<Value>,
    body:
      @escaping @Sendable (
        inout Subject, inout Subject.Thing, inout Subject.Thing, Value
      ) throws -> Answer
  ) -> Self {
    return Self(
      name: name, weight: weight, shape: .combines, ranges: parameters.ranges
    ) { subject, things, operation in
      guard operation.first != operation.second, var first = things.take(operation.first) else {
        return .skipped
      }
      defer { things.put(first, operation.first) }
      guard var second = things.take(operation.second) else { return .skipped }
      defer { things.put(second, operation.second) }
      return try body(
        &subject, &first, &second, parameters.value(operation.values[...]))
    }
  }

  /// Ends a thing; its slot is empty then, unless the answer is that it was refused.
  public static func destroys<Value>(
    _ name: String, weight: Int = 1,
    _ parameters: ParameterDeclaration<Value>,
    body: @escaping @Sendable (inout Subject, Subject.Thing, Value) throws -> Answer
  ) -> Self {
    return Self(
      name: name, weight: weight, shape: .destroys, ranges: parameters.ranges
    ) { subject, things, operation in
      guard let thing = things.take(operation.first) else { return .skipped }
      let answer = try body(
        &subject, thing, parameters.value(operation.values[...]))
      if answer.effect == .refused { things.put(thing, operation.first) }
      return answer
    }
  }

  /// Does something to the subject itself, whatever things there are.
  public static func acts<Value>(
    _ name: String, weight: Int = 1,
    _ parameters: ParameterDeclaration<Value>,
    body: @escaping @Sendable (inout Subject, Value) throws -> Answer
  ) -> Self {
    return Self(
      name: name, weight: weight, shape: .acts, ranges: parameters.ranges
    ) { subject, _, operation in
      return try body(&subject, parameters.value(operation.values[...]))
    }
  }

  /// The things in their slots.
  struct Things {
    private(set) var all: [Subject.Thing?] = []

    mutating func take(_ slot: Slot?) -> Subject.Thing? {
      guard let slot, slot.number < all.count else { return nil }
      defer { all[slot.number] = nil }
      return all[slot.number]
    }

    mutating func put(_ thing: Subject.Thing, _ slot: Slot?) {
      guard let slot else { return }
      while all.count <= slot.number { all.append(nil) }
      all[slot.number] = thing
    }
  }
}

/// What an operation of a declared subject came to.
public struct Answer {
  let effect: StepEffect
  let brokenRule: (() -> (rule: String?, values: String))?
  let text: () -> String
  private(set) var label: String?

  private init(
    _ effect: StepEffect, brokenRule: (() -> (rule: String?, values: String))? = nil,
    text: @escaping () -> String
  ) {
    self.effect = effect
    self.brokenRule = brokenRule
    self.text = text
  }

  /// It was done, and there is nothing to say.
  public static var done: Answer { Answer(.performed) { "" } }

  /// It was done, and gave this, which a failure's message shows.
  public static func done<Value>(_ value: Value) -> Answer {
    Answer(.performed) { words(value) }
  }

  /// It was properly refused, and what it would have made or ended is as before.
  public static var refused: Answer { Answer(.refused) { "refused" } }

  static var skipped: Answer { Answer(.skipped) { "skipped" } }

  /// It gave a value and should have given another, or the same.
  ///
  /// `rule`: what is broken where they differ, without values: two failures of one rule are the same
  /// failure. Nil is "NAME gives a wrong answer".
  public static func compare<Value: Equatable>(
    _ value: Value, expected: Value, rule: String? = nil
  ) -> Answer {
    guard value != expected else { return .done(value) }
    return Answer(
      .performed,
      brokenRule: { (rule, "expected \(words(expected)), got \(words(value))") },
      text: { "\(words(value)), expected \(words(expected))" })
  }

  /// The same answer, counted under a word: what share of the operations met what.
  public func labelled(_ label: String) -> Answer {
    var answer = self
    answer.label = label
    return answer
  }

  /// A value as a reader would write it: no `Optional(...)`, and texts in quotes.
  private static func words<Value>(_ value: Value) -> String {
    if let text = value as? String { return String(reflecting: text) }
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .optional else { return String(describing: value) }
    return mirror.children.first.map { words($0.value) } ?? "nil"
  }
}

/// A rule that does not hold, and the values that show it.
public struct BrokenRule: Error, Equatable, CustomStringConvertible {
  /// The rule; two failures of one rule are the same failure, so it names no values.
  public let rule: String
  /// The values that show it; may be empty.
  public let values: String

  /// That rule and those values.
  public init(_ rule: String, _ values: String = "") {
    self.rule = rule
    self.values = values
  }

  /// The values, or the rule where there are none.
  public var description: String { values.isEmpty ? rule : values }
}
