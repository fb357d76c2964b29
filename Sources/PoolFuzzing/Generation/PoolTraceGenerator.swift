import KernelPool
import PoolOracles
import PoolTrace
import PropertyTesting

/// Makes traces of the pool from choices: total, so that every string of bytes is a trace.
public typealias PoolTraceGenerator = TraceGenerator<PoolTraceModel>

extension PoolTraceGenerator {
  /// The machine.
  public var setup: PoolSetup { configuration }

  /// The most operations of a trace that bytes stand for.
  public static var longestDecodedTrace: Int { 4096 }

  /// A generator at the beginning of a trace: draws the machine, unless one is given, and the
  /// features.
  public init(
    _ profile: GeneratorProfile, setup given: PoolSetup? = nil, choices: inout some ChoiceSource
  ) {
    let setup = given ?? profile.machines.draw(&choices)
    let model = PoolTraceModel(profile, setup, &choices)
    self.init(model, configuration: setup, swarm: model.features.swarm)
  }

  /// A trace of a profile with so many operations, misuse not counted; fewer where the choices
  /// end.
  public static func trace(
    _ profile: GeneratorProfile, operationCount: Int, setup: PoolSetup? = nil,
    choices: inout some ChoiceSource
  ) -> PoolFuzzTrace {
    if let rework = profile.rework {
      return rework.trace(profile, operationCount, setup, &choices)
    }
    var generator = PoolTraceGenerator(profile, setup: setup, choices: &choices)
    var operations = generator.operations(operationCount, &choices)
    operations += generator.misuse(&choices)
    return PoolFuzzTrace(configuration: generator.setup, operations: operations)
  }

  /// The trace that a string of bytes stands for; the first byte is the profile.
  public static func trace(decoding bytes: [UInt8]) -> PoolFuzzTrace {
    var choices = ByteChoices(bytes)
    let profile = GeneratorProfile.chosen(by: &choices)
    return trace(profile, operationCount: longestDecodedTrace, choices: &choices)
  }

  /// The operations with which a trace of a negative profile ends.
  mutating func misuse(_ choices: inout some ChoiceSource) -> [PoolOperation] {
    model.misuse(slots, &choices)
  }
}

extension GeneratorProfile.Rework {
  /// A trace of another profile, changed; `profile` says on which versions, where it names any.
  func trace(
    _ profile: GeneratorProfile, _ operationCount: Int, _ given: PoolSetup?,
    _ choices: inout some ChoiceSource
  ) -> PoolFuzzTrace {
    let (base, setup) = base(profile, given, &choices)
    let trace = PoolTraceGenerator.trace(
      base, operationCount: operationCount, setup: setup, choices: &choices)
    guard case .numbers = self else { return trace }
    return ReducedNumbers.replaced(in: trace, &choices)
  }

  /// The profile whose traces are changed, as they are, and the machine; nil where the profile draws it.
  func base(
    _ profile: GeneratorProfile, _ given: PoolSetup?, _ choices: inout some ChoiceSource
  ) -> (profile: GeneratorProfile, setup: PoolSetup?) {
    var base = choices.draw(from: GeneratorProfile.original)
    if !profile.machines.versions.isEmpty {
      base.machines.versions = profile.machines.versions
    }
    guard case .specialPool = self else { return (base, given) }
    // An overrun is what special pool is for; what lies beside a block is looked at at its free.
    base.negative = choices.draw(from: NegativeOperation.allCases + [.overflow, .overflow])
    base.freesAfterOverrun = true
    return (base, withSpecialPool(given ?? base.machines.draw(&choices), &choices))
  }

  /// A machine with special pool, of few pages or many, for all small requests or for those of one tag.
  private func withSpecialPool(
    _ setup: PoolSetup, _ choices: inout some ChoiceSource
  ) -> PoolSetup {
    var changed = setup
    changed.configuration.pool.specialPool =
      choices.chance(1, in: 4)
      ? .tag(TraceFeatures.tag(choices.drawIndex(count: 2))) : .all
    changed.configuration.pool.specialPoolEdge = choices.draw(from: SpecialPoolEdge.allCases)
    changed.configuration.pool.specialPoolPages = choices.draw(from: [1, 2, 4, 8, 32, 128])
    // A version that refuses odd requests at the door has none.
    return changed.canBoot ? changed : setup
  }
}

/// What the generator knows of a pool: the slots it has filled, never the pool.
///
/// It writes slots, never positions. A random source picks what can work now; bytes name kinds and
/// slots whatever the state, and what cannot work is skipped when executed.
public struct PoolTraceModel: TraceModel {
  /// What the trace keeps to.
  public internal(set) var features: TraceFeatures
  private let profile: GeneratorProfile
  private let setup: PoolSetup
  private var held: [Held]
  /// What the operation that was proposed last puts into its slot.
  private var proposed = Held()
  private var isFilling = true
  /// Allocations that are left of a period.
  private var periodRest = 0
  /// The interrupt level that the operations so far leave.
  private var level: UInt8 = 0

  /// What the generator knows of a slot's last allocation.
  private struct Held {
    var bytes: UInt64 = 0
    var type: PoolType = .nonPaged
    var tag = PoolTag("Test")
    var isContiguous = false
    var isPinned = false
  }

  /// What a trace is like that nobody wants anything special of.
  private static let plain = GeneratorProfile.healthy[0]

  /// The kinds with the weights of the plain profile.
  public static let kinds = plain.kinds

  /// A machine of the plain profile.
  public static func configuration<Choices: ChoiceSource>(
    from choices: inout Choices
  ) -> PoolSetup { plain.machines.draw(&choices) }

  /// A model of a fresh pool with features of the plain profile.
  public init<Choices: ChoiceSource>(configuration: PoolSetup, choices: inout Choices) {
    self.init(Self.plain, configuration, &choices)
  }

  /// A model of a fresh pool: draws the features.
  init(_ profile: GeneratorProfile, _ setup: PoolSetup, _ choices: inout some ChoiceSource) {
    self.profile = profile
    self.setup = setup
    features = TraceFeatures(profile, setup, &choices)
    // Whoever draws a swarm without the features gives as many slots as a model has by itself.
    held = Array(repeating: Held(), count: max(features.slotCount, Self.slotCapacity))
  }

  // MARK: Kinds

  /// Whether an operation of a kind can do anything now.
  public func isPossible(kind: Int, slots: SlotTable) -> Bool {
    switch PoolOperationKind(rawValue: kind) {
    case .alloc?, .contiguous?: slots.emptyCount > 0
    case .free?, .fill?, .write?: slots.liveCount > 0
    default: true
    }
  }

  /// Allocations of a period around what rules count: 25 keep a depth, of 201 one may miss.
  private static let periods = [1, 24, 25, 25, 25, 26, 200, 201]

  /// Bursts, the filling and draining of sawteeth, and periods.
  public mutating func leadingKind<Choices: ChoiceSource>(
    after last: Int?, slots: SlotTable, choices: inout Choices
  ) -> Int? {
    switch features.rhythm {
    case .bursts:
      guard let last, isPossible(kind: last, slots: slots), choices.chance(7, in: 8) else {
        return nil
      }
      return last
    case .sawtooth:
      if slots.liveCount * 8 >= slots.capacity * 7 { isFilling = false }
      if slots.liveCount * 8 <= slots.capacity { isFilling = true }
      guard choices.chance(7, in: 8) else { return nil }
      return (isFilling ? PoolOperationKind.alloc : .free).rawValue
    case .periods: return periodic(last, slots, &choices)
    case .steady, .generations, .pinned: return nil
    }
  }

  /// Allocations, the tick that ends them, and frees until few blocks are left.
  private mutating func periodic(
    _ last: Int?, _ slots: SlotTable, _ choices: inout some ChoiceSource
  ) -> Int? {
    if last == PoolOperationKind.alloc.rawValue, isFilling {
      periodRest -= 1
      if periodRest <= 0 {
        isFilling = false
        return PoolOperationKind.tick.rawValue
      }
    }
    if !isFilling, slots.liveCount * 8 <= slots.capacity || choices.chance(1, in: 64) {
      isFilling = true
      periodRest = choices.draw(from: Self.periods)
    }
    guard choices.chance(31, in: 32) else { return nil }
    if isFilling, slots.emptyCount > 0 { return PoolOperationKind.alloc.rawValue }
    return slots.liveCount > 0 ? PoolOperationKind.free.rawValue : nil
  }

  /// An operation of a kind.
  public mutating func propose<Choices: ChoiceSource>(
    kind: Int, slots: SlotTable, choices: inout Choices
  ) -> PoolOperation? {
    guard let kind = PoolOperationKind(rawValue: kind) else { return nil }
    return switch kind {
    case .alloc: allocation(slots, &choices)
    case .contiguous: contiguous(slots, &choices)
    case .free: free(slots, &choices)
    case .fill: fill(slots, &choices)
    case .write: write(slots, &choices)
    case .tick: PoolOperation(normal: .tick(seconds: UInt32(1 + choices.draw(below: 3))))
    case .interruptLevel: interruptLevel(choices.draw(from: [0, 0, 1, 2]))
    case .processor, .freeAt, .writeAt:
      PoolOperation(
        normal: .processor(
          UInt8(choices.draw(below: UInt64(setup.configuration.pool.processors)))))
    }
  }

  /// Keeps what an allocation put into its slot.
  public mutating func note(_ operation: PoolOperation) {
    switch operation.operation {
    case .alloc(let name, _, _, _), .contiguous(let name, _, _):
      if let slot = PoolOperation.slot(name) { held[slot.number] = proposed }
    default: return
    }
  }

  // MARK: Operations

  private mutating func allocation(
    _ slots: SlotTable, _ choices: inout some ChoiceSource
  ) -> PoolOperation {
    let slot = choices.drawSlot(.empty, from: slots) ?? Slot(0)
    let bytes = size(&choices)
    var type = choices.draw(from: features.types)
    // Paged memory is for lower levels.
    if level > 1 { type.subtract([.paged, .session]) }
    let tag = choices.draw(from: features.tags)
    proposed = Held(bytes: bytes, type: type, tag: tag, isPinned: isPinned(&choices))
    return .alloc(slot, type, bytes: bytes, tag: tag)
  }

  private mutating func contiguous(
    _ slots: SlotTable, _ choices: inout some ChoiceSource
  ) -> PoolOperation {
    let slot = choices.drawSlot(.empty, from: slots) ?? Slot(0)
    let page = setup.configuration.pool.profile.pageBytes
    var bytes = choices.chance(1, in: 2) ? size(&choices) : page * (1 + choices.draw(below: 4))
    // Whole pages only: where a version counts the bytes of large requests unrounded, one whose
    // page frames do not suit leaves a difference behind that nobody outside can know.
    if bytes > page / 2 { bytes = (bytes + page - 1) / page * page }
    let boundaries: [UInt64] = [0, 0, page, 2 * page, 4 * page]
    let limits = ContiguousLimits(
      lowest: choices.draw(from: [0, 0, 0x4000 * page]),
      highest: choices.draw(from: [.max, .max, 0x4020 * page]),
      boundary: choices.draw(from: boundaries))
    proposed = Held(bytes: bytes, tag: .contiguous, isContiguous: true)
    return PoolOperation(
      normal: .contiguous(
        PoolOperation.name(slot), bytes: bytes, limits: limits == .none ? nil : limits))
  }

  private mutating func free(
    _ slots: SlotTable, _ choices: inout some ChoiceSource
  ) -> PoolOperation {
    let slot = leaving(slots, &choices) ?? Slot(0)
    let known = held[slot.number]
    if level > 1, known.type.isPaged { return interruptLevel(1) }
    let withTag = choices.chance(1, in: 2)
    return .free(slot, tag: withTag && !known.isContiguous ? known.tag.unprotected : nil)
  }

  private mutating func interruptLevel(_ new: UInt8) -> PoolOperation {
    level = new
    return PoolOperation(normal: .interruptLevel(new))
  }

  private mutating func fill(
    _ slots: SlotTable, _ choices: inout some ChoiceSource
  ) -> PoolOperation {
    let slot = choices.drawSlot(.live, from: slots) ?? Slot(0)
    return PoolOperation(normal: .fill(PoolOperation.name(slot)))
  }

  /// A store within the owner's own bytes; none of its bytes is left to a stale pointer.
  private mutating func write(
    _ slots: SlotTable, _ choices: inout some ChoiceSource
  ) -> PoolOperation {
    let slot = choices.drawSlot(.live, from: slots) ?? Slot(0)
    let room = held[slot.number].bytes
    guard room > 0, slots.isLive(slot) else { return fill(slots, &choices) }
    let count = 1 + choices.draw(below: min(room, 8))
    let offset = choices.draw(below: room - count + 1)
    let bytes = (0..<count).map { _ in UInt8(choices.draw(below: 256)) }
    return PoolOperation(
      normal: .write(PoolOperation.name(slot), offset: Int64(offset), bytes))
  }

  // MARK: Sizes and lifetimes

  private mutating func size(_ choices: inout some ChoiceSource) -> UInt64 {
    let profile = setup.configuration.pool.profile
    if choices.chance(1, in: 64) { return choices.draw(below: 2 * profile.pageBytes) }
    let centre = choices.draw(from: features.sizes)
    guard features.hasNeighbours else { return centre }
    switch choices.draw(below: 8) {
    case 1: return centre + 1
    case 2: return centre - min(centre, 1)
    case 3, 4: return centre + profile.unitBytes
    case 5, 6: return centre - min(centre, profile.unitBytes)
    default: return centre
    }
  }

  private mutating func isPinned(_ choices: inout some ChoiceSource) -> Bool {
    features.rhythm == .pinned && choices.chance(1, in: 8)
  }

  /// The slot whose lifetime ends now.
  private mutating func leaving(
    _ slots: SlotTable, _ choices: inout some ChoiceSource
  ) -> Slot? {
    switch features.rhythm {
    case .generations:
      if choices.chance(7, in: 8), let newest = slots.newest { return newest }
      return choices.drawSlot(.live, from: slots)
    case .pinned:
      for _ in 0..<4 {
        guard let slot = choices.drawSlot(.leaving, from: slots) else { return nil }
        if !held[slot.number].isPinned || slots.policy != .anyOrder { return slot }
      }
      return choices.drawSlot(.live, from: slots)
    case .steady, .sawtooth, .bursts, .periods: return choices.drawSlot(.leaving, from: slots)
    }
  }
}

// MARK: Misuse

extension PoolTraceModel {
  /// Whether the trace is to end in misuse.
  var isMisuse: Bool { profile.negative != nil }

  /// The operations with which a trace of a negative profile ends.
  mutating func misuse(
    _ slots: SlotTable, _ choices: inout some ChoiceSource
  ) -> [PoolOperation] {
    guard let negative = profile.negative else { return [] }
    let slot = choices.drawSlot(.live, from: slots) ?? Slot(0)
    let name = PoolOperation.name(slot)
    let owned = held[slot.number]
    switch negative {
    case .doubleFree:
      return [.free(slot), PoolOperation(normal: .freeAt(.slot(name, offset: 0), tag: nil))]
    case .wrongTag:
      let other = PoolTag("Xxxx")
      return [PoolOperation(normal: .freeAt(.slot(name, offset: 0), tag: other))]
    case .foreignFree:
      let unit = Int64(setup.configuration.pool.profile.unitBytes)
      let offset = choices.draw(from: [4, 1, unit, -unit, 2 * unit])
      let expression: AddressExpression =
        choices.chance(1, in: 4)
        ? .absolute(0x7FFF_0008 &+ choices.draw(below: 2) * 0x10_0000)
        : .slot(name, offset: offset)
      return [PoolOperation(normal: .freeAt(expression, tag: nil))]
    case .overflow:
      let count = choices.draw(in: 1...PoolOperation.longestStore)
      let slack = Int64(choices.draw(below: 17))
      let bytes = (0..<count).map { _ in UInt8(1 + choices.draw(below: 255)) }
      let end = Int64(clamping: owned.bytes) + slack
      let overrun = PoolOperation(normal: .write(name, offset: end, bytes))
      return profile.freesAfterOverrun ? [overrun, .free(slot)] : [overrun]
    case .writeAfterFree:
      let count = Int(setup.configuration.pool.profile.wordBytes)
      let bytes = (0..<count).map { _ in UInt8(1 + choices.draw(below: 255)) }
      return [.free(slot), PoolOperation(normal: .write(name, offset: 0, bytes))]
    case .interruptLevel:
      return [
        PoolOperation(normal: .interruptLevel(2)),
        .alloc(Slot(features.slotCount), .paged, bytes: 64, tag: owned.tag),
      ]
    }
  }
}
