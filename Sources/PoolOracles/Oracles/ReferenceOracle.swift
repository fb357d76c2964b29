import KernelPool
import PoolReference
import PoolTrace

/// Holds what the reference allocator says of each call against what the pool answered.
///
/// Rules: `reference.address`, `reference.verdict` and `reference.stop`. After an objection it is
/// silent: what follows from a difference is no second one.
public struct ReferenceOracle: Sendable {
  private var pool: ReferencePool
  private var prediction: Prediction?
  /// What was said, and what was not.
  public private(set) var counts = ReferenceCounts()

  /// An oracle for a machine that has just been booted; a fault makes it a wrong one, for tests.
  public init(_ configuration: TraceConfiguration, fault: ReferenceFault = .none) {
    pool = ReferencePool(
      configuration.pool, fillsBodies: configuration.fill == .on, fault: fault)
  }

  // MARK: Before the operation

  /// Tells the reference allocator of an operation. Addresses come from the slots, which hold what
  /// the pool answered before.
  public mutating func predict(_ operation: Operation, _ replayer: borrowing Replayer) {
    prediction = nil
    switch operation {
    case .config, .expect, .dump, .target: return
    case .alloc(let name, let type, let bytes, let tag):
      guard replayer.slots[name]?.state != .holds else { return }
      prediction = pool.allocate(type, bytes: bytes, tag: tag)
    case .contiguous(let name, let bytes, let given):
      guard replayer.slots[name]?.state != .holds else { return }
      let limits = given ?? .none
      prediction = pool.allocateContiguous(
        bytes: bytes, lowest: limits.lowest, highest: limits.highest, boundary: limits.boundary)
    case .free(let name, let tag):
      guard let slot = replayer.slots[name], slot.state == .holds else { return }
      prediction =
        slot.isContiguous
        ? pool.freeContiguous(slot.address) : pool.free(slot.address, tag: tag)
    case .freeAt(let expression, let tag):
      guard let address = replayer.resolve(expression) else { return }
      prediction = pool.free(address, tag: tag)
    case .write(let name, let offset, let bytes):
      guard let slot = replayer.slots[name], slot.address != 0 else { return }
      let address = slot.address &+ UInt64(bitPattern: offset)
      if pool.isInSpecialPool(address) {
        prediction = pool.storeInSpecialPool(bytes, at: address)
      } else {
        pool.store(at: address, byteCount: UInt64(bytes.count), base: slot.address)
      }
    case .writeAt(let expression, let bytes):
      guard let address = replayer.resolve(expression) else { return }
      if pool.isInSpecialPool(address) {
        prediction = pool.storeInSpecialPool(bytes, at: address)
      } else {
        pool.store(at: address, byteCount: UInt64(bytes.count))
      }
    case .fill(let name):
      guard let slot = replayer.slots[name], slot.state == .holds,
        !pool.isInSpecialPool(slot.address)
      else { return }
      pool.store(at: slot.address, byteCount: slot.bytes)
    case .processor(let number):
      guard Int(number) < replayer.configuration.pool.processors else { return }
      pool.run(onProcessor: Int(number))
    case .tick(let seconds): pool.tick(seconds: UInt64(seconds))
    case .interruptLevel(let level): pool.setInterruptLevel(UInt32(level))
    }
  }

  /// Tells the reference allocator that what a caller holds at an address is freed, at no interrupt
  /// level.
  mutating func predict(freeing address: Address, isContiguous: Bool) {
    pool.setInterruptLevel(0)
    prediction = isContiguous ? pool.freeContiguous(address) : pool.free(address)
  }

  // MARK: After it

  /// What is wrong with the answer to the operation that was told last, or nil.
  public mutating func judge(_ result: StepResult) -> PoolFailure? {
    if let prediction { counts.note(prediction) }
    return objection(to: result)
  }

  /// The same without counting it as a call of the trace.
  mutating func objection(to result: StepResult) -> PoolFailure? {
    guard let prediction, let expected = Self.result(of: prediction), expected != result
    else { return nil }
    pool.noteContradiction()
    let rule: OracleRule
    switch (expected, result) {
    case (.halted, _), (_, .halted): rule = .referenceStop
    case (.allocated, .allocated): rule = .referenceAddress
    default: rule = .referenceVerdict
    }
    return .oracle(rule, "expected \(Self.text(expected)), got \(Self.text(result))")
  }

  private static func result(of prediction: Prediction) -> StepResult? {
    switch prediction {
    case .address(let address): .allocated(address)
    case .null: .null
    case .raised(let status): .raised(status)
    case .freed: .freed
    case .halted(let reason): .halted(reason)
    case .open: nil
    }
  }

  private static func text(_ result: StepResult) -> String {
    func hexadecimal(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
    switch result {
    case .allocated(let address): return hexadecimal(address)
    case .null: return "NULL"
    case .raised(let status): return "status " + hexadecimal(UInt64(status))
    case .freed: return "a free"
    case .halted(.bugCheck(let stop)):
      let (first, second, third, fourth) = stop.parameters
      let parameters = [first, second, third, fourth].map(hexadecimal).joined(separator: ", ")
      return "bug check " + hexadecimal(UInt64(stop.code)) + " (\(parameters))"
    case .halted(.fault(let address)): return "a fault at " + hexadecimal(address)
    default: return "\(result)"
    }
  }
}

/// Calls about which the reference allocator said something, and those about which it did not.
public struct ReferenceCounts: Sendable, Equatable {
  /// Allocations and frees that were predicted.
  public private(set) var predicted: UInt64 = 0
  /// Those that were not, by reason.
  public private(set) var open: [OpenReason: UInt64] = [:]

  /// Nothing yet.
  public init() {}

  /// Counts as `text` writes them; nil where they are not that.
  public init?(text: some StringProtocol) {
    let fields = text.split(separator: " ")
    guard let first = fields.first, let predicted = UInt64(first) else { return nil }
    self.predicted = predicted
    for field in fields.dropFirst() {
      let parts = field.split(separator: "=")
      guard parts.count == 2, let reason = OpenReason(rawValue: String(parts[0])),
        let count = UInt64(parts[1])
      else { return nil }
      open[reason] = count
    }
  }

  /// The predicted calls, then a reason and its calls each: `120 damaged=3`.
  public var text: String {
    let reasons = OpenReason.allCases.compactMap { reason in
      open[reason].map { " \(reason.rawValue)=\($0)" }
    }
    return "\(predicted)" + reasons.joined()
  }

  /// How many were not predicted.
  public var openCount: UInt64 { open.values.reduce(0, &+) }

  /// The share that was not predicted, 0 to 1; 0 where nothing was called.
  public var openShare: Double {
    let all = predicted &+ openCount
    return all == 0 ? 0 : Double(openCount) / Double(all)
  }

  mutating func note(_ prediction: Prediction) {
    if case .open(let reason) = prediction {
      open[reason, default: 0] &+= 1
    } else {
      predicted &+= 1
    }
  }

  /// Adds the counts of another run.
  public mutating func add(_ other: ReferenceCounts) {
    predicted &+= other.predicted
    for (reason, count) in other.open { open[reason, default: 0] &+= count }
  }
}
