import PoolFuzzing
import PropertyTesting

/// The traces that an allocator is tested with: programs over all calls that the library has, traces of
/// the portfolio's healthy profiles, and at first a corner case in every other place. Trace `number` follows from the
/// seed, its number and what the library declares.
public struct TargetTraces: Sendable {
  /// The seed.
  public let seed: Seed
  /// The profiles; where they were asked for, no other traces are made.
  public let profiles: [GeneratorProfile]
  let capabilities: TargetCapabilities
  private let isPortfolioOnly: Bool
  private let corners: [TargetTrace]
  /// The arenas in pages of 4 KiB.
  private static let arenaPages: [UInt64] = [256, 64, 1024]

  /// Traces of a seed for a library; misuse that it does not notice has no place in front of it. With
  /// profiles, their traces alone.
  public init(
    seed: Seed, profiles: [GeneratorProfile] = [],
    for capabilities: TargetCapabilities = TargetCapabilities()
  ) {
    self.seed = seed
    self.capabilities = capabilities
    isPortfolioOnly = !profiles.isEmpty
    let all = isPortfolioOnly ? profiles : GeneratorProfile.healthy
    self.profiles = all.filter(\.isHealthy)
    corners = isPortfolioOnly ? [] : CornerTraces(capabilities).all
  }

  /// Whether a number is that of a corner case.
  func isCorner(_ number: UInt64) -> Bool { number % 2 == 0 && number / 2 < UInt64(corners.count) }

  /// One trace.
  public func trace(_ number: UInt64) -> TargetTrace {
    if isCorner(number) { return corners[Int(number / 2)] }
    var choices = RandomChoices(seed: seed, stream: number)
    if isPortfolioOnly || choices.chance(1, in: 3) { return portfolio(&choices) }
    var program = CallProgram(capabilities, &choices)
    return program.trace(&choices)
  }

  private func portfolio(_ choices: inout RandomChoices) -> TargetTrace {
    let profile = choices.draw(from: profiles)
    var setup = PoolSetup()
    setup.configuration.pool.nonPagedPages = choices.draw(from: Self.arenaPages)
    let count = choices.draw(from: [16, 32, 64, 128, 256])
    return TargetTrace(
      PoolTraceGenerator.trace(profile, operationCount: count, setup: setup, choices: &choices))
  }
}

/// A random program over all calls that a library has.
struct CallProgram {
  private let capabilities: TargetCapabilities
  private let weights: [(call: TargetOperation.Call, weight: UInt64)]
  private let setup: TargetSetup
  private let slotCount: Int
  private let count: Int
  private let sizes: [UInt64]
  private let alignments: [UInt64]
  private let hasOddSizes: Bool
  /// Threads that make the calls.
  private let threadCount: UInt64
  /// Bytes of what each slot holds; nil for nothing.
  private var held: [UInt64?]

  /// Draws what the program is like.
  init(_ capabilities: TargetCapabilities, _ choices: inout RandomChoices) {
    self.capabilities = capabilities
    count = choices.draw(from: [6, 12, 24, 48, 96, 200])
    slotCount = choices.draw(from: [2, 4, 8, 24, 64])
    held = Array(repeating: nil, count: slotCount)
    let setup = Self.setup(capabilities, count, &choices)
    self.setup = setup
    sizes = Self.palette(setup.arenaBytes, capabilities, &choices)
    hasOddSizes = choices.chance(1, in: 2)
    var alignments: [UInt64] = []
    var alignment: UInt64 = 1
    while alignment <= min(capabilities.largestAlignment, 1 << 16) {
      alignments.append(alignment)
      alignment *= 2
    }
    self.alignments = alignments
    let changesArena = choices.chance(1, in: 4)
    let hasThreads = capabilities.promises.contains(.threads) && choices.chance(1, in: 2)
    threadCount = hasThreads ? choices.draw(from: [2, 3, 4]) : 1
    weights = TargetOperation.Call.allCases.map { call in
      let weight: UInt64 =
        switch call {
        case .allocate: 8
        case .free: 7
        case .allocateZeroed, .freeSized, .resize: choices.draw(below: 4)
        case .reallocate: choices.draw(below: 7)
        case .fill, .verify: 1
        case .addRegion, .resizeArena, .reset: changesArena ? 1 : 0
        case .misuse: 0
        case .thread: hasThreads ? 4 : 0
        case .endThread: hasThreads ? 1 : 0
        }
      return (call, weight)
    }
  }

  private static func setup(
    _ capabilities: TargetCapabilities, _ count: Int, _ choices: inout RandomChoices
  ) -> TargetSetup {
    let unit = capabilities.arenaAlignment
    let arena: UInt64 = choices.draw(from: [
      1 << 20, 1 << 16, 1 << 14, 1 << 18, 1 << 22, 65_537, 100_000, 49_999, 1_234_567,
    ])
    var setup = TargetSetup(
      arenaBytes: arena / unit * unit,
      offset: choices.draw(from: [0, 0, 1, 8, 16, 2048, 4095]) / unit * unit)
    if capabilities.promises.contains(.grows), choices.chance(1, in: 2) {
      setup.refusedGrowth = 1 + choices.draw(below: 6)
    }
    if count <= 24, choices.chance(1, in: 24) {
      setup.rounds = TargetSetup.manyRounds
    }
    return setup
  }

  private static func palette(
    _ arena: UInt64, _ capabilities: TargetCapabilities, _ choices: inout RandomChoices
  ) -> [UInt64] {
    let style = choices.draw(below: 5)
    return (0..<1 + choices.draw(below: 5)).map { _ in
      let width = choices.draw(below: 17)
      let bytes: UInt64 =
        switch style {
        case 0: 1 + choices.draw(below: 256)
        case 1: 1 << width
        case 2: 16 * (1 + choices.draw(below: 64))
        case 3: 1 + choices.draw(below: max(arena / 3, 1))
        default: (1 << width) | choices.draw(below: 1 << width)
        }
      return max(bytes, capabilities.smallestBytes)
    }
  }

  private func size(_ choices: inout RandomChoices) -> UInt64 {
    switch choices.draw(below: 96) {
    case 0: return choices.draw(from: CornerTraces.edges)
    case 1: return setup.arenaBytes - min(choices.draw(below: 4096), setup.arenaBytes)
    case 2: return 0
    default: break
    }
    let size = choices.draw(from: sizes)
    guard hasOddSizes else { return size }
    let near: [UInt64] = [0, 1, 0 &- 1, 8, 0 &- 8, 16]
    let moved = size &+ choices.draw(from: near)
    return moved > 1 << 62 ? size : max(moved, capabilities.smallestBytes)
  }

  /// The program's trace.
  mutating func trace(_ choices: inout RandomChoices) -> TargetTrace {
    var operations: [TargetOperation] = []
    let sum = weights.reduce(0) { $0 + $1.weight }
    for _ in 0..<count {
      var drawn = choices.draw(below: sum)
      let call =
        weights.first { row in
          if drawn < row.weight { return true }
          drawn -= row.weight
          return false
        }?.call ?? .allocate
      let operation = operation(call, &choices)
      guard capabilities.allows(operation), !CornerTraces.isMachineBound(operation) else {
        continue
      }
      // Nobody wants to see gigabytes copied.
      let old = call == .reallocate ? held[Int(operation.slot)] ?? 0 : 0
      guard old <= 64 << 20 else { continue }
      note(operation)
      operations.append(operation)
    }
    if choices.chance(1, in: 3), let misuse = misuse(&choices) { operations.append(misuse) }
    return TargetTrace(configuration: setup, operations: operations)
  }

  private func slot(isLive: Bool, _ choices: inout RandomChoices) -> Slot {
    let start = Int(choices.draw(below: UInt64(slotCount)))
    let order = (0..<slotCount).map { ($0 + start) % slotCount }
    return Slot(order.first { (held[$0] != nil) == isLive } ?? start)
  }

  private func operation(
    _ call: TargetOperation.Call, _ choices: inout RandomChoices
  ) -> TargetOperation {
    switch call {
    case .allocate:
      let isAligned = !alignments.isEmpty && choices.chance(1, in: 4)
      return .allocate(
        slot(isLive: false, &choices), size(&choices),
        alignment: isAligned ? choices.draw(from: alignments) : 0)
    case .allocateZeroed:
      let bytes = size(&choices)
      let count: UInt64 = choices.draw(from: [1, 1, 2, 3, 16])
      return TargetOperation(
        .allocateZeroed, slot(isLive: false, &choices),
        bytes: bytes > 1 << 20 ? bytes : bytes / count,
        second: count)
    case .reallocate, .resize:
      let slot = slot(isLive: !choices.chance(1, in: 16), &choices)
      let old = held[slot.number] ?? 0
      let near = [old, old + 1, old + 16, old * 2, old / 2, old - min(old, 1), old + 4096]
      let bytes =
        choices.chance(1, in: 2) && old < 1 << 40 ? choices.draw(from: near) : size(&choices)
      let isAligned = call == .reallocate && !alignments.isEmpty && choices.chance(1, in: 8)
      return TargetOperation(
        call, slot, bytes: bytes, second: isAligned ? choices.draw(from: alignments) : 0)
    case .addRegion, .resizeArena:
      let unit = capabilities.arenaAlignment
      let bytes = setup.arenaBytes / 4 * (1 + choices.draw(below: 7)) + choices.draw(below: 64)
      return TargetOperation(call, bytes: bytes / unit * unit)
    case .reset: return TargetOperation(.reset)
    case .thread: return TargetOperation(.thread, bytes: choices.draw(below: threadCount))
    case .endThread:
      return TargetOperation(.endThread, bytes: 1 + choices.draw(below: threadCount - 1))
    case .free, .freeSized, .fill, .verify, .misuse:
      return TargetOperation(call, slot(isLive: true, &choices))
    }
  }

  private func misuse(_ choices: inout RandomChoices) -> TargetOperation? {
    let slot = slot(isLive: true, &choices)
    guard let bytes = held[slot.number], bytes > 1, bytes < 1 << 20 else { return nil }
    let kind = choices.draw(below: 4)
    let offset: UInt64 =
      switch kind {
      case 1: choices.draw(from: [8, 16, 1, bytes / 2].filter { $0 < bytes })
      case 2: choices.draw(from: [0, 16, 64])
      default: 0
      }
    let operation = TargetOperation(.misuse, slot, bytes: offset, second: kind)
    return capabilities.allows(operation) ? operation : nil
  }

  private mutating func note(_ operation: TargetOperation) {
    let slot = Int(operation.slot)
    switch operation.call {
    case .allocate, .allocateZeroed, .reallocate:
      // What nobody serves is not held; a slot that the generator takes for empty may be full.
      let bytes = operation.requestedBytes ?? .max
      if bytes <= 1 << 40 { held[slot] = bytes }
    case .resize: if operation.bytes <= 1 << 40 { held[slot] = operation.bytes }
    case .free, .freeSized: held[slot] = nil
    case .reset: held = Array(repeating: nil, count: slotCount)
    case .fill, .verify, .addRegion, .resizeArena, .misuse, .thread, .endThread: break
    }
  }
}
