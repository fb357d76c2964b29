import PropertyTesting

/// A cache that should drop what was used least recently, and forgets that a look is a use: a
/// capacity, and as many keys as fill it, hang together.
struct LeastRecentlyUsed: StateMachine {
  private var caches: [Slot: (capacity: Int, keys: [UInt64], right: [UInt64])] = [:]

  init(configuration: NoConfiguration) {}

  mutating func perform(_ operation: CacheOperation, _ violations: inout [String]) -> StepEffect {
    switch operation {
    case .make(let slot, let capacity): caches[slot] = (Int(capacity), [], [])
    case .put(let slot, let key):
      guard var cache = caches[slot] else { return .skipped }
      Self.use(key, in: &cache.keys, cache.capacity)
      Self.use(key, in: &cache.right, cache.capacity)
      caches[slot] = cache
    case .get(let slot, let key):
      guard var cache = caches[slot] else { return .skipped }
      if cache.keys.contains(key) != cache.right.contains(key) { violations.append("get") }
      if cache.right.contains(key) { Self.use(key, in: &cache.right, cache.capacity) }
      caches[slot] = cache
    }
    return .performed
  }

  private static func use(_ key: UInt64, in keys: inout [UInt64], _ capacity: Int) {
    keys.removeAll { $0 == key }
    keys.append(key)
    if keys.count > capacity { keys.removeFirst() }
  }

  static func identity(of violation: String, after _: CacheOperation?) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

enum CacheOperation: SlotOperation {
  case make(Slot, capacity: UInt64)
  case put(Slot, key: UInt64)
  case get(Slot, key: UInt64)

  var kind: Int {
    switch self {
    case .make: 0
    case .put: 1
    case .get: 2
    }
  }

  var slots: SlotUses {
    switch self {
    case .make(let slot, _): .creates(slot)
    case .put(let slot, _), .get(let slot, _): .uses(slot)
    }
  }

  func renamingSlots(_ rename: (Slot) -> Slot) -> Self {
    switch self {
    case .make(let slot, let capacity): .make(rename(slot), capacity: capacity)
    case .put(let slot, let key): .put(rename(slot), key: key)
    case .get(let slot, let key): .get(rename(slot), key: key)
    }
  }

  var parameters: [Parameter] {
    switch self {
    case .make(_, let capacity): [Parameter(role: 0, value: capacity, origin: 1)]
    case .put(_, let key), .get(_, let key): [Parameter(role: 1, value: key)]
    }
  }

  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    switch self {
    case .make(let slot, _): (1...8).contains(value) ? .make(slot, capacity: value) : nil
    case .put(let slot, _): .put(slot, key: value)
    case .get(let slot, _): .get(slot, key: value)
    }
  }

  var description: String {
    switch self {
    case .make(let slot, let capacity): "make \(slot) \(capacity)"
    case .put(let slot, let key): "put \(slot) \(key)"
    case .get(let slot, let key): "get \(slot) \(key)"
    }
  }
}

struct CacheModel: TraceModel {
  static let kinds = [
    OperationKind("make", isEssential: true), OperationKind("put", weight: 4),
    OperationKind("get", weight: 4),
  ]
  static let slotCapacity = 2

  init<Choices: ChoiceSource>(configuration: NoConfiguration, choices: inout Choices) {}

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> CacheOperation? {
    let key = UInt64(choices.draw(in: 0...11))
    if kind == 0 {
      let capacity = UInt64(choices.draw(in: 1...8))
      return choices.drawSlot(.empty, from: slots).map { .make($0, capacity: capacity) }
    }
    return choices.drawSlot(.live, from: slots).map {
      kind == 1 ? .put($0, key: key) : .get($0, key: key)
    }
  }

  func isPossible(kind: Int, slots: SlotTable) -> Bool {
    kind == 0 ? slots.emptyCount > 0 : slots.liveCount > 0
  }
}

/// Two jugs of 3 and 5 litres; four litres in the larger one are the failure. The two ways there
/// take 6 and 8 steps, and no step of the longer one can be left out.
struct WaterJugs: StateMachine {
  private var small = 0
  private var large = 0

  init(configuration: NoConfiguration) {}

  mutating func perform(_ operation: JugOperation, _ violations: inout [String]) -> StepEffect {
    switch operation {
    case .fillSmall: small = 3
    case .fillLarge: large = 5
    case .emptySmall: small = 0
    case .emptyLarge: large = 0
    case .smallToLarge:
      let poured = min(small, 5 - large)
      (small, large) = (small - poured, large + poured)
    case .largeToSmall:
      let poured = min(large, 3 - small)
      (small, large) = (small + poured, large - poured)
    }
    if large == 4 { violations.append("four litres") }
    return .performed
  }

  static func identity(of violation: String, after _: JugOperation?) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

enum JugOperation: String, SlotOperation, CaseIterable {
  case fillSmall, fillLarge, emptySmall, emptyLarge, smallToLarge, largeToSmall

  var kind: Int { Self.allCases.firstIndex(of: self) ?? 0 }
  var slots: SlotUses { .none }
  func renamingSlots(_ rename: (Slot) -> Slot) -> Self { self }
  var description: String { rawValue }
}

struct JugModel: TraceModel {
  static let kinds = JugOperation.allCases.map { OperationKind("\($0)") }

  init<Choices: ChoiceSource>(configuration: NoConfiguration, choices: inout Choices) {}

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> JugOperation? {
    JugOperation.allCases[kind]
  }
}

/// A buffer in a ring of `capacity` places that loses an element when it wraps while full: the
/// capacity is a setting, and fewer places need fewer operations.
struct RingBuffer: StateMachine {
  private let capacity: Int
  private var places: [UInt64]
  private var head = 0
  private var count = 0
  private var right: [UInt64] = []

  init(configuration: RingConfiguration) {
    capacity = Int(configuration.capacity)
    places = Array(repeating: 0, count: capacity)
  }

  mutating func perform(_ operation: RingOperation, _ violations: inout [String]) -> StepEffect {
    switch operation {
    case .put(let value):
      guard count < capacity else { return .refused }
      // The bug: a full ring whose end has wrapped takes one element too far.
      let wraps = head + count >= capacity && count == capacity - 1
      places[(head + count + (wraps ? 1 : 0)) % capacity] = value
      count += 1
      right.append(value)
    case .get:
      guard count > 0 else { return .refused }
      let value = places[head]
      head = (head + 1) % capacity
      count -= 1
      if value != right.removeFirst() { violations.append("order") }
    }
    return .performed
  }

  static func identity(of violation: String, after _: RingOperation?) -> FailureIdentity {
    FailureIdentity(violation)
  }
}

struct RingConfiguration: MachineConfiguration {
  var capacity: UInt64

  init() { self.init(capacity: 2) }
  init(capacity: UInt64) { self.capacity = capacity }

  var parameters: [Parameter] { [Parameter(role: 0, value: capacity, origin: 2)] }
  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    (2...16).contains(value) ? RingConfiguration(capacity: value) : nil
  }
  var description: String { "capacity \(capacity)" }
}

enum RingOperation: SlotOperation {
  case put(UInt64)
  case get

  var kind: Int { self == .get ? 1 : 0 }
  var slots: SlotUses { .none }
  func renamingSlots(_ rename: (Slot) -> Slot) -> Self { self }
  var parameters: [Parameter] {
    guard case .put(let value) = self else { return [] }
    return [Parameter(role: 1, value: value)]
  }
  func replacingParameter(at index: Int, with value: UInt64) -> Self? {
    guard case .put = self else { return nil }
    return .put(value)
  }
  var description: String {
    guard case .put(let value) = self else { return "get" }
    return "put \(value)"
  }
}

struct RingModel: TraceModel {
  static let kinds = [OperationKind("put"), OperationKind("get")]

  static func configuration<Choices: ChoiceSource>(
    from choices: inout Choices
  ) -> RingConfiguration {
    RingConfiguration(capacity: UInt64(choices.draw(in: 2...9)))
  }

  init<Choices: ChoiceSource>(configuration: RingConfiguration, choices: inout Choices) {}

  mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> RingOperation? {
    kind == 0 ? .put(UInt64(choices.draw(in: 0...99))) : .get
  }
}
