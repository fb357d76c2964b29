import PropertyTesting
import Testing

struct BoundedQueue {
  private var storage: [Int]
  private var head = 0
  private(set) var count = 0
  let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    storage = Array(repeating: 0, count: capacity + 1)
  }

  mutating func push(_ value: Int) -> Bool {
    guard count < capacity else { return false }
    let tail = head + count
    storage[tail > capacity ? tail - capacity : tail] = value
    count += 1
    return true
  }

  mutating func pop() -> Int? {
    guard count > 0 else { return nil }
    let value = storage[head]
    head = head + 1 == capacity ? 0 : head + 1
    count -= 1
    return value
  }
}

enum QueueOperation: SlotOperation {
  case make(Slot, capacity: UInt64)
  case push(Slot, value: UInt64)
  case pop(Slot)
  case drop(Slot)

  var kind: Int {
    switch self {
    case .make: 0
    case .push: 1
    case .pop: 2
    case .drop: 3
    }
  }

  var slots: SlotUses {
    switch self {
    case .make(let slot, _): .creates(slot)
    case .push(let slot, _), .pop(let slot): .uses(slot)
    case .drop(let slot): .destroys(slot)
    }
  }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    switch self {
    case .make(let slot, let capacity): .make(rename(slot), capacity: capacity)
    case .push(let slot, let value): .push(rename(slot), value: value)
    case .pop(let slot): .pop(rename(slot))
    case .drop(let slot): .drop(rename(slot))
    }
  }

  var parameters: [Parameter] {
    switch self {
    case .make(_, let capacity): [Parameter(role: 0, value: capacity, origin: 1)]
    case .push(_, let value): [Parameter(role: 1, value: value)]
    case .pop, .drop: []
    }
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    switch self {
    case .make(let slot, _): (1...16).contains(value) ? .make(slot, capacity: value) : nil
    case .push(let slot, _): value < 100 ? .push(slot, value: value) : nil
    case .pop, .drop: nil
    }
  }

  var description: String {
    switch self {
    case .make(let slot, let capacity): "make \(slot) \(capacity)"
    case .push(let slot, let value): "push \(slot) \(value)"
    case .pop(let slot): "pop \(slot)"
    case .drop(let slot): "drop \(slot)"
    }
  }
}

struct QueueMachine: StateMachine {
  enum Violation {
    case wrongValue(actual: Int?, expect: Int?)
    case wrongCount(actual: Int, expect: Int)
  }

  private var queues: [Slot: BoundedQueue] = [:]
  private var models: [Slot: [Int]] = [:]

  init(configuration: NoConfiguration) {}

  mutating func perform(
    _ operation: QueueOperation, _ violations: inout [Violation]
  ) -> StepEffect {
    switch operation {
    case .make(let slot, let capacity):
      queues[slot] = BoundedQueue(capacity: Int(capacity))
      models[slot] = []
    case .push(let slot, let value):
      guard queues[slot]?.push(Int(value)) == true else { return .refused }
      models[slot]?.append(Int(value))
    case .pop(let slot):
      let actual = queues[slot]?.pop()
      let isEmpty = models[slot]?.isEmpty ?? true
      let expect = isEmpty ? nil : models[slot]?.removeFirst()
      if actual != expect { violations.append(.wrongValue(actual: actual, expect: expect)) }
    case .drop(let slot):
      queues[slot] = nil
      models[slot] = nil
    }
    return .performed
  }

  func check(_ violations: inout [Violation]) {
    for slot in queues.keys.sorted() {
      let actual = queues[slot]?.count ?? 0
      let expect = models[slot]?.count ?? 0
      if actual != expect { violations.append(.wrongCount(actual: actual, expect: expect)) }
    }
  }

  static func identity(
    of violation: Violation, after operation: QueueOperation?
  ) -> FailureIdentity {
    switch violation {
    case .wrongValue: FailureIdentity("pop gives a wrong value")
    case .wrongCount: FailureIdentity("the count is wrong")
    }
  }
}

struct QueueModel: TraceModel {
  static let kinds = [
    OperationKind("make", isEssential: true), OperationKind("push", weight: 4),
    OperationKind("pop", weight: 3), OperationKind("drop"),
  ]
  static let slotCapacity = 4

  init<Choices: ChoiceSource>(configuration: NoConfiguration, choices: inout Choices) {}

  func isPossible(kind: Int, slots: SlotTable) -> Bool {
    kind == 0 ? slots.emptyCount > 0 : slots.liveCount > 0
  }

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> QueueOperation? {
    let wish: SlotWish = kind == 0 ? .empty : kind == 3 ? .leaving : .live
    guard let slot = choices.drawSlot(wish, from: slots) else { return nil }
    switch kind {
    case 0: return .make(slot, capacity: 1 + choices.draw(below: 8))
    case 1: return .push(slot, value: choices.draw(below: 100))
    case 2: return .pop(slot)
    default: return .drop(slot)
    }
  }
}

extension FailureReport {
  func record() {
    let place = SourceLocation(
      fileID: position.fileID, filePath: position.filePath, line: position.line,
      column: position.column)
    Issue.record(Comment(rawValue: message), sourceLocation: place)
    for attachment in attachments {
      Attachment.record(attachment.text, named: attachment.name, sourceLocation: place)
    }
  }
}

@Suite struct QueueTests {
  let property = Property(
    QueueMachine.self, QueueModel.self, PropertySettings(seed: Seed(1), traceCount: 100))

  @Test(.disabled("its bug is planted, and it fails as the article shows"))
  func theQueueKeepsItsOrder() {
    property.check { $0.record() }
  }
}
