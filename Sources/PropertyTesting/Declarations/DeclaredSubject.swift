/// A system under test with its model, whose operations are declared once.
///
/// Things live in slots: a cache, a file, a block of memory, each together with the model that it is
/// compared with. What they share, such as the allocator that the blocks are from, is the subject
/// itself. Everything that ``StateMachine``, ``SlotOperation`` and ``TraceModel`` ask for follows
/// from the declarations; implement those three where a system has a configuration of its own, or
/// operations that mention what is gone.
public protocol DeclaredSubject: SendableMetatype {
  /// What a slot holds.
  associatedtype Thing

  /// A fresh system without a thing.
  init()

  /// The operations, the simplest first; a stored property, for it is read at every step.
  static var operations: [OperationDeclaration<Self>] { get }

  /// How many things a generated trace has at most at one time, in `1...Slot.limit`.
  static var thingLimit: Int { get }

  /// Throws when something is wrong with a thing; asked about each after each operation.
  mutating func check(_ thing: inout Thing) throws

  /// Throws when something is wrong at the end, such as a leak; the things are those still there.
  mutating func finish(_ things: [Thing]) throws
}

extension DeclaredSubject {
  /// 4.
  public static var thingLimit: Int { 4 }

  /// Nothing beyond what operations report.
  public mutating func check(_ thing: inout Thing) throws {}

  /// No law at the end.
  public mutating func finish(_ things: [Thing]) throws {}
}

/// An operation of a declared subject: a row of its declarations, with slots and values.
public struct DeclaredOperation<Subject: DeclaredSubject>: SlotOperation, LosslessStringConvertible
{
  /// The row.
  public let kind: Int
  let first: Slot?
  let second: Slot?
  /// A number for each parameter, within its range.
  let values: [UInt64]

  private var declaration: OperationDeclaration<Subject> { Subject.operations[kind] }

  init(kind: Int, first: Slot?, second: Slot?, values: [UInt64]) {
    self.kind = kind
    self.first = first
    self.second = second
    self.values = values
  }

  /// What the declaration says of the slots.
  public var slots: SlotUses {
    guard let first else { return .none }
    switch declaration.shape {
    case .acts: return .none
    case .creates: return .creates(first)
    case .uses: return .uses(first)
    case .destroys: return .destroys(first)
    case .combines:
      return .two(SlotUse(first, .uses), SlotUse(second ?? first, .uses))
    }
  }

  /// The same row and values on other slots.
  public func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    Self(kind: kind, first: first.map(rename), second: second.map(rename), values: values)
  }

  /// The values with the ranges that were declared; parameters of one name have one role.
  public var parameters: [Parameter] {
    zip(declaration.ranges, values).map { range, value in
      Parameter(
        role: DeclaredRoles.role(of: range, in: Subject.self), value: value, origin: range.origin,
        landmarks: range.landmarks)
    }
  }

  /// Nil where the range does not have the value.
  public func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard values.indices.contains(index), declaration.ranges[index].codes.contains(value) else {
      return nil
    }
    var changed = values
    changed[index] = value
    return Self(kind: kind, first: first, second: second, values: changed)
  }

  /// One creation with a parameter as large as those of both.
  public func merging(_ other: Self) -> [Self] {
    guard declaration.shape == .creates, kind == other.kind else { return [] }
    return values.indices.compactMap { index in
      let (sum, overflow) = values[index].addingReportingOverflow(other.values[index])
      return overflow ? nil : replacingParameter(at: index, with: sum)
    }
  }

  /// The name, the slots, and each parameter as `name=value`.
  public var description: String {
    let slots = [first, second].compactMap { $0.map { "\($0)" } }
    let settings = zip(declaration.ranges, values).map { "\($0.name)=\($0.text($1))" }
    return ([declaration.name] + slots + settings).joined(separator: " ")
  }

  /// Reads what `description` writes.
  public init?(_ description: String) {
    var words = description.split(separator: " ")[...]
    guard let name = words.popFirst(),
      let kind = Subject.operations.firstIndex(where: { $0.name == name })
    else { return nil }
    let declaration = Subject.operations[kind]
    var slots: [Slot] = []
    for _ in 0..<declaration.shape.slotCount {
      guard let slot = words.popFirst().flatMap({ Slot(String($0)) }) else { return nil }
      slots.append(slot)
    }
    var values: [UInt64] = []
    for range in declaration.ranges {
      guard let word = words.popFirst(), word.hasPrefix(range.name + "="),
        let value = range.code(word.dropFirst(range.name.count + 1))
      else { return nil }
      values.append(value)
    }
    guard words.isEmpty else { return nil }
    self.init(kind: kind, first: slots.first, second: slots.dropFirst().first, values: values)
  }
}

extension OperationDeclaration.Shape {
  /// How many slots it names.
  var slotCount: Int {
    switch self {
    case .acts: 0
    case .creates, .uses, .destroys: 1
    case .combines: 2
    }
  }
}

/// The parameters of a subject by name.
private enum DeclaredRoles {
  static func role<Subject: DeclaredSubject>(
    of range: ParameterRange, in _: Subject.Type
  ) -> Int {
    var role = 0
    for operation in Subject.operations {
      for other in operation.ranges {
        if other.name == range.name, other.offset == range.offset { return role }
        role += 1
      }
    }
    return role
  }
}

/// The machine of a declared subject.
public struct DeclaredMachine<Subject: DeclaredSubject>: StateMachine {
  /// A broken rule, and its values.
  public typealias Violation = BrokenRule

  private var subject = Subject()
  private var things = OperationDeclaration<Subject>.Things()
  private var last: Answer?

  /// A fresh subject.
  public init(configuration: NoConfiguration) {}

  /// What the declaration says.
  public mutating func perform(
    _ operation: DeclaredOperation<Subject>, _ violations: inout [BrokenRule]
  ) -> StepEffect {
    let declaration = Subject.operations[operation.kind]
    last = nil
    do {
      let answer = try declaration.perform(&subject, &things, operation)
      last = answer
      if let broken = answer.brokenRule?() {
        let rule = broken.rule ?? "\(declaration.name) gives a wrong answer"
        violations.append(BrokenRule(rule, broken.values))
      }
      return answer.effect
    } catch {
      violations.append(Self.broken(error, "\(declaration.name) throws"))
      return .performed
    }
  }

  /// The subject's check of each thing.
  public mutating func check(_ violations: inout [BrokenRule]) {
    for number in things.all.indices {
      guard var thing = things.take(Slot(number)) else { continue }
      do { try subject.check(&thing) } catch { violations.append(Self.broken(error, "check")) }
      things.put(thing, Slot(number))
    }
  }

  /// The subject's law of the end.
  public mutating func finish(_ violations: inout [BrokenRule]) {
    do {
      try subject.finish(things.all.compactMap { $0 })
    } catch {
      violations.append(Self.broken(error, "finish"))
    }
  }

  private static func broken(_ error: any Error, _ rule: String) -> BrokenRule {
    error as? BrokenRule ?? BrokenRule(rule, "\(error)")
  }

  /// The rule.
  public static func identity(
    of violation: BrokenRule, after operation: DeclaredOperation<Subject>?
  ) -> FailureIdentity {
    FailureIdentity(violation.rule)
  }

  /// What the last operation gave.
  public var answer: String? { last?.text() }

  /// What its answer was labelled with.
  public var label: String? { last?.label }
}

/// The generator of a declared subject.
public struct DeclaredModel<Subject: DeclaredSubject>: TraceModel {
  /// A kind for each declaration, with its weight; nothing happens without creations.
  public static var kinds: [OperationKind] {
    Subject.operations.map {
      OperationKind($0.name, weight: $0.weight, isEssential: $0.shape == .creates)
    }
  }

  /// The subject's limit.
  public static var slotCapacity: Int { Subject.thingLimit }

  /// Nothing is drawn for the whole trace.
  public init<Choices: ChoiceSource>(configuration: NoConfiguration, choices: inout Choices) {}

  /// Whether there are the slots that it needs.
  public func isPossible(kind: Int, slots: SlotTable) -> Bool {
    switch Subject.operations[kind].shape {
    case .acts: true
    case .creates: slots.emptyCount > 0
    case .uses, .destroys: slots.liveCount > 0
    case .combines: slots.liveCount > 1
    }
  }

  /// Slots that fit, and values within their ranges.
  public mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> DeclaredOperation<Subject>? {
    let declaration = Subject.operations[kind]
    var chosen: [Slot] = []
    let wish: SlotWish =
      switch declaration.shape {
      case .creates: .empty
      case .destroys: .leaving
      case .acts, .uses, .combines: .live
      }
    for _ in 0..<declaration.shape.slotCount {
      guard let slot = choices.drawSlot(wish, from: slots) else { return nil }
      chosen.append(slot)
    }
    if chosen.count == 2, chosen[0] == chosen[1], slots.liveCount > 1 {
      chosen[1] = slots.liveSlot(0) == chosen[0] ? slots.liveSlot(1) : slots.liveSlot(0)
    }
    let values = declaration.ranges.map { $0.draw(&choices) }
    return DeclaredOperation(
      kind: kind, first: chosen.first, second: chosen.dropFirst().first, values: values)
  }
}

extension Property {
  /// The property that a declared subject breaks no rule.
  public init<Subject: DeclaredSubject>(
    of subject: Subject.Type, _ settings: PropertySettings = PropertySettings()
  ) where Machine == DeclaredMachine<Subject>, Model == DeclaredModel<Subject> {
    self.init(Machine.self, Model.self, settings)
  }
}
