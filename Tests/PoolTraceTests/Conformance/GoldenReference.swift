import KernelPool
import PoolReference
import PoolTestSupport
import PoolTrace
import Testing

/// The reference allocator, fed the recorded calls, says what was recorded, as far as it says
/// anything; the model is not asked.
@Suite struct GoldenReference {
  /// What a recorded trace and the reference allocator say of each other.
  struct Comparison {
    var predicted = 0
    var open = 0
    /// The first recorded answer that is another one, and what was expected.
    var difference: String?
  }

  /// Every fourth trace, or all in the long run; the faults below are looked for in all of x86.
  @Test func saysWhatWasRecorded() throws {
    var predicted = 0
    for trace in TestScale.sample(GoldenTrace.all, GoldenTrace.all.count / 4) {
      let comparison = try Self.compare(trace, fault: .none)
      #expect(comparison.difference == nil, "\(trace.name)")
      let isDamaged = trace.name.contains("/bug") || trace.name.contains("/silent")
      #expect(comparison.open == 0 || isDamaged, "\(trace.name)")
      predicted += comparison.predicted
    }
    #expect(predicted > TestScale.count(40_000, all: 200_000))
  }

  /// Faults of the reference that the recorded answers must show.
  static let visible: [ReferenceFault] = [
    .firstListTooHigh, .remainderToHead, .freshRemainderToHead, .freedToTail, .splitAlwaysFront,
    .splitAlwaysBack, .noForwardMerge, .noBackwardMerge, .keepsFreePage, .thresholdOneLess,
    .lookasideFirstInFirstOut, .lookasideTooDeep, .singlePageFirstInFirstOut,
    .singlePageTooDeep, .runTakenFromFront, .runToHead, .wrongTagPasses,
  ]

  @Test(arguments: visible)
  func aWrongReferenceIsCaught(_ fault: ReferenceFault) throws {
    let isCaught = try GoldenTrace.all.contains { trace in
      guard trace.name.hasPrefix("x86/") else { return false }
      return try Self.compare(trace, fault: fault).difference != nil
    }
    #expect(isCaught, "no recorded answer contradicts \(fault.rawValue)")
  }

  // MARK: Replaying what was recorded

  static func compare(_ trace: GoldenTrace, fault: ReferenceFault) throws -> Comparison {
    var operations = try trace.operations()[...]
    guard case .config(let configuration)? = operations.popFirst() else { return Comparison() }
    var answers = try trace.expected().filter(isAnswer)[...]
    let profile = configuration.pool.profile
    var pool = ReferencePool(
      configuration.pool, fillsBodies: configuration.fill == .on, fault: fault)
    var slots: [SlotName: Address] = [:]
    var comparison = Comparison()
    for operation in operations {
      guard let prediction = predict(operation, &pool, slots, profile) else { continue }
      guard let answer = answers.popFirst().map(Self.answer) else { break }
      if case .open = prediction {
        comparison.open += 1
      } else {
        comparison.predicted += 1
        let expected = text(prediction, profile)
        if expected.lowercased() != answer.lowercased() {
          comparison.difference = "\(operation): recorded \(answer), expected \(expected)"
          break
        }
      }
      if case .alloc(let name, _, _, _) = operation { slots[name] = address(answer, profile) }
    }
    return comparison
  }

  /// Where the memory of a slot lies, as recorded; absent where the request was refused.
  private static func predict(
    _ operation: Operation, _ pool: inout ReferencePool, _ slots: [SlotName: Address],
    _ profile: Profile
  ) -> Prediction? {
    func resolve(_ expression: AddressExpression) -> Address {
      switch expression {
      case .nonPaged(let offset): profile.nonPagedBase &+ offset
      case .paged(let offset): profile.pagedBase &+ offset
      case .session(let offset): profile.sessionBase &+ offset
      case .absolute(let address): address
      case .slot(let name, let offset): (slots[name] ?? 0) &+ UInt64(bitPattern: offset)
      }
    }
    switch operation {
    case .alloc(_, let type, let bytes, let tag):
      return pool.allocate(type, bytes: bytes, tag: tag)
    case .free(let name, let tag):
      // Nothing is called where the request was refused.
      guard let address = slots[name] else { return .null }
      return pool.free(address, tag: tag)
    case .freeAt(let expression, let tag): return pool.free(resolve(expression), tag: tag)
    case .write(let name, let offset, let bytes):
      guard let address = slots[name] else { return .null }
      pool.store(
        at: address &+ UInt64(bitPattern: offset), byteCount: UInt64(bytes.count), base: address)
      return nil
    case .writeAt(let expression, let bytes):
      pool.store(at: resolve(expression), byteCount: UInt64(bytes.count))
      return nil
    default: return nil
    }
  }

  private static func isAnswer(_ line: Substring) -> Bool {
    let word = line.prefix { $0 != " " }
    return ["bugcheck", "fault", "raise", "hang"].contains(word)
      || ["alloc", "free", "freeat", "write"].contains(word) && line.contains(" -> ")
  }

  private static func answer(_ line: Substring) -> String {
    line.firstRange(of: " -> ").map { String(line[$0.upperBound...]) } ?? String(line)
  }

  private static func text(_ prediction: Prediction, _ profile: Profile) -> String {
    func hexadecimal(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
    switch prediction {
    case .address(let address):
      return address >= profile.nonPagedBase && profile.nonPagedBase > profile.pagedBase
        || address < profile.pagedBase
        ? "np+" + hexadecimal(address &- profile.nonPagedBase)
        : "pg+" + hexadecimal(address &- profile.pagedBase)
    case .null: return "NULL"
    case .freed: return "ok"
    case .halted(.bugCheck(let stop)):
      let first = stop.parameters.0
      return "bugcheck \(hexadecimal(UInt64(stop.code))) \(hexadecimal(first))"
    case .halted(.fault(let address)): return "fault " + self.text(.address(address), profile)
    default: return "\(prediction)"
    }
  }

  private static func address(_ answer: String, _ profile: Profile) -> Address? {
    let parts = answer.split(separator: "+0x")
    guard parts.count == 2, let offset = Address(parts[1], radix: 16) else { return nil }
    return (parts[0] == "np" ? profile.nonPagedBase : profile.pagedBase) &+ offset
  }
}
