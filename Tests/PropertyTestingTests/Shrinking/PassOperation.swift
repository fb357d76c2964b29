import PropertyTesting
import Testing

/// An operation of one character, a slot and a number: `+0=5` creates, `.0` uses, `-0` destroys,
/// `*0` uses as a kind of its own, and `.` alone concerns nothing.
struct PassOperation: SlotOperation {
  let mark: Character
  var slot: Slot?
  var number: UInt64 = 0

  static func all(_ text: String) -> [PassOperation] {
    text.split(separator: " ").compactMap { word in
      let parts = word.dropFirst().split(separator: "=")
      return PassOperation(
        mark: word.first ?? ".",
        slot: parts.first.flatMap { Int($0) }.map { Slot($0) },
        number: parts.count > 1 ? UInt64(parts[1]) ?? 0 : 0)
    }
  }

  var kind: Int { mark == "+" ? 0 : mark == "." ? 1 : mark == "*" ? 3 : 2 }

  /// A star is a dot that is harder to read.
  var simplerKinds: [Self] {
    guard mark == "*" else { return [] }
    return [PassOperation(mark: ".", slot: slot)]
  }

  /// The number of a creation.
  var created: UInt64 { mark == "+" ? number : 0 }

  var slots: SlotUses {
    guard let slot else { return .none }
    return switch mark {
    case "+": .creates(slot)
    case "-": .destroys(slot)
    default: .uses(slot)
    }
  }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    var copy = self
    copy.slot = slot.map(rename)
    return copy
  }

  var parameters: [Parameter] {
    mark == "+" ? [Parameter(role: 0, value: number, landmarks: [8, 64])] : []
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard mark == "+" else { return nil }
    var copy = self
    copy.number = value
    return copy
  }

  func merging(_ other: Self) -> [Self] {
    var copy = self
    copy.number += other.number
    return [copy]
  }

  var description: String {
    "\(mark)" + (slot.map { "\($0.number)" } ?? "") + (mark == "+" ? "=\(number)" : "")
  }
}

/// Two numbers without a meaning.
struct PassConfiguration: MachineConfiguration {
  var left: UInt64 = 0
  var right: UInt64 = 0

  init() {}

  init(_ left: UInt64, _ right: UInt64) {
    self.left = left
    self.right = right
  }

  var description: String { "\(left) \(right)" }

  var parameters: [Parameter] {
    [Parameter(role: 0, value: left), Parameter(role: 1, value: right)]
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    index == 0 ? PassConfiguration(value, right) : PassConfiguration(left, value)
  }
}

/// A planted bug and the one trace that each of its failures must shrink to.
struct ShrinkCase<Subject: ToySubject>: Sendable, CustomTestStringConvertible {
  let configuration: Subject.Machine.Configuration
  /// The operations of the normal form, by failure.
  let expected: [String: [String]]
  /// The greatest number of executions that any of the traces may take.
  let executionLimit: Int

  var testDescription: String { "\(Subject.self) \(configuration)" }

  init(
    _ subject: Subject.Type, _ configuration: Subject.Machine.Configuration,
    within executionLimit: Int, _ expected: [String: [String]]
  ) {
    self.configuration = configuration
    self.expected = expected
    self.executionLimit = executionLimit
  }
}
