import PropertyTesting

/// Traces that are guided by what they reach of a library's code, where it was compiled with counters: those
/// that reach more than all before are kept, and every other trace is a kept one, changed. For a library without
/// counters they are those of ``TargetTraces``.
///
/// Trace `number` follows from the seed, its number and which numbers before it were kept.
public struct GuidedTraces {
  private let fresh: TargetTraces
  private var kept: [TargetTrace] = []
  /// Those of them that were the first to reach a place.
  private var firsts: [TargetTrace] = []
  /// Whether the library has counters.
  public let areGuided: Bool

  /// The most operations of a changed trace.
  private static let mostOperations = 400
  /// Numbers of streams above all that fresh traces have.
  private static let streams: UInt64 = 1 << 62

  /// Guided traces over fresh ones.
  public init(_ fresh: TargetTraces) {
    self.fresh = fresh
    areGuided = fresh.capabilities.functions.contains(.counters)
  }

  /// Keeps a trace that has reached more than those before, and whether that was code that nobody had reached.
  public mutating func keep(_ trace: TargetTrace, isFirstThere: Bool) {
    kept.append(trace)
    if isFirstThere { firsts.append(trace) }
  }

  /// Keeps again what an earlier run has kept, by its numbers, and has the tester see once more what they
  /// reach: neither traces nor counters are saved.
  public mutating func keepAgain(
    _ numbers: [UInt64], _ tester: TargetTester
  ) throws(TargetError) {
    for number in numbers {
      let trace = trace(number)
      _ = try tester.test(trace, isCounted: true)
      let isFirst = tester.hasReachedNewCode
      keep(
        tester.hasReachedMore ? try tester.withoutDetours(trace) : trace, isFirstThere: isFirst)
    }
  }

  /// One trace.
  public func trace(_ number: UInt64) -> TargetTrace {
    guard areGuided, !kept.isEmpty, !fresh.isCorner(number) else { return fresh.trace(number) }
    var choices = RandomChoices(seed: fresh.seed, stream: Self.streams + number)
    // Fresh ones go on coming: what is kept may lead nowhere.
    guard choices.chance(3, in: 4) else { return fresh.trace(number) }
    var trace = kept(&choices)
    for _ in 0..<1 + choices.draw(below: 4) { change(&trace, number, &choices) }
    trace.operations = Array(trace.operations.filter(isSensible).prefix(Self.mostOperations))
    return trace.operations.isEmpty ? fresh.trace(number) : trace
  }

  /// One of the last that came first to a place, any that did, or any of all.
  private func kept(_ choices: inout RandomChoices) -> TargetTrace {
    let way = choices.draw(below: 4)
    let traces = way == 3 || firsts.isEmpty ? kept : firsts
    let recent = way < 2 ? min(traces.count, 4) : traces.count
    return traces[traces.count - 1 - Int(choices.draw(below: UInt64(recent)))]
  }

  /// Misuse ends a trace and is not for its middle; gigabytes are nobody's to write.
  private func isSensible(_ operation: TargetOperation) -> Bool {
    operation.call != .misuse && fresh.capabilities.allows(operation)
      && !CornerTraces.isMachineBound(operation)
      && (operation.call != .reallocate || operation.bytes <= 64 << 20 || operation.bytes > 1 << 48)
  }

  // MARK: Changes

  private func change(
    _ trace: inout TargetTrace, _ number: UInt64, _ choices: inout RandomChoices
  ) {
    let count = trace.operations.count
    // A trace often goes on where it ended: what it has led to is there.
    let isAtEnd = choices.chance(1, in: 2)
    let place = isAtEnd ? count : Int(choices.draw(below: UInt64(count + 1)))
    switch choices.draw(below: 16) {
    case 0: insertPiece(of: fresh.trace(number), into: &trace, at: place, &choices)
    case 1: insertPiece(of: kept(&choices), into: &trace, at: place, &choices)
    case 2:
      let end = min(count, place + 1 + Int(choices.draw(below: 4)))
      trace.operations.removeSubrange(place..<end)
    case 3: insertPiece(of: trace, into: &trace, at: place, &choices)
    case 4: trace.operations = Array(trace.operations.prefix(place)) + piece(of: trace, &choices)
    case 5 where count > 0:
      let slot = Slot(Int(choices.draw(below: UInt64(Self.unusedSlot(trace) + 1))))
      let index = min(place, count - 1)
      trace.operations[index] = trace.operations[index].renamingSlots { _ in slot }
    case 6, 7: repeatCall(&trace, &choices)
    case 8: freeSome(&trace, at: place, &choices)
    case 9, 10:
      let request = TargetOperation.allocate(Slot(Self.unusedSlot(trace)), anySize(&choices))
      trace.operations.insert(request, at: place)
    case _ where count > 0:
      let index = min(place, count - 1)
      var operation = trace.operations[index]
      guard !operation.parameters.isEmpty else { return }
      let other = trace.operations[Int(choices.draw(below: UInt64(count)))].bytes
      let near = choices.chance(1, in: 2) ? operation.bytes : other
      operation.bytes = changed(near, operation.call, &choices)
      // As a change in its place, or as one more call of the kind.
      if choices.chance(1, in: 2) {
        trace.operations[index] = operation
      } else if [.allocate, .allocateZeroed, .reallocate].contains(operation.call) {
        let slot = Slot(Self.unusedSlot(trace))
        trace.operations.insert(operation.renamingSlots { _ in slot }, at: index + 1)
        // Some states are those of what was there and is gone.
        if choices.chance(1, in: 2) {
          trace.operations.insert(.free(slot), at: index + 2)
        }
      }
    default: break
    }
  }

  /// A size that need not be near any of the trace: small ones are as likely as large ones.
  private func anySize(_ choices: inout RandomChoices) -> UInt64 {
    let most = max(min(fresh.capabilities.largestBytes, 1 << 17), 1)
    let width = choices.draw(below: UInt64(UInt64.bitWidth - most.leadingZeroBitCount))
    let bytes = 1 << width | choices.draw(below: 1 << width)
    return max(min(bytes, most), fresh.capabilities.smallestBytes)
  }

  /// The number of a slot above all that a trace uses.
  private static func unusedSlot(_ trace: TargetTrace) -> Int {
    (trace.operations.map { Int($0.slot) }.max() ?? 0) + 1
  }

  /// Inserts a piece of a trace as it is, or in slots of its own: where a slot is busy the call would be left
  /// out.
  private func insertPiece(
    of source: TargetTrace, into trace: inout TargetTrace, at place: Int,
    _ choices: inout RandomChoices
  ) {
    var piece = Array(piece(of: source, &choices))
    if choices.chance(1, in: 2) {
      let unused = Self.unusedSlot(trace)
      piece = piece.map { $0.renamingSlots { Slot($0.number + unused) } }
    }
    trace.operations.insert(contentsOf: piece, at: place)
  }

  /// One request again and again, each in a slot of its own, and perhaps all of them freed: what is counted in
  /// a loop is reached by nothing else.
  private func repeatCall(_ trace: inout TargetTrace, _ choices: inout RandomChoices) {
    let requests = trace.operations.filter { $0.call == .allocate || $0.call == .allocateZeroed }
    guard !requests.isEmpty else { return }
    let request = choices.draw(from: requests)
    let first = Self.unusedSlot(trace)
    let slots = first..<first + choices.draw(from: [1, 2, 2, 3, 4, 8, 16, 64])
    trace.operations += slots.map { slot in request.renamingSlots { _ in Slot(slot) } }
    if choices.chance(1, in: 2) { trace.operations += slots.map { .free(Slot($0)) } }
  }

  /// Frees what one request gave, or every second, or all.
  private func freeSome(
    _ trace: inout TargetTrace, at place: Int, _ choices: inout RandomChoices
  ) {
    let slots = Set(trace.operations.prefix(place).map { Int($0.slot) }).sorted()
    guard !slots.isEmpty else { return }
    let step = choices.draw(from: [slots.count, slots.count, 2, 1])
    let start = Int(choices.draw(below: UInt64(step)))
    let freed = stride(from: start, to: slots.count, by: step).map { slots[$0] }
    trace.operations.insert(contentsOf: freed.map { .free(Slot($0)) }, at: place)
  }

  /// Some operations of a trace that follow one another.
  private func piece(
    of trace: TargetTrace, _ choices: inout RandomChoices
  ) -> ArraySlice<TargetOperation> {
    let count = trace.operations.count
    let start = Int(choices.draw(below: UInt64(count + 1)))
    return trace.operations[start..<min(count, start + 1 + Int(choices.draw(below: 8)))]
  }

  /// A number near one that the trace has.
  private func changed(
    _ bytes: UInt64, _ call: TargetOperation.Call, _ choices: inout RandomChoices
  ) -> UInt64 {
    let steps: [UInt64] = [0, 1, 8, 16, 16, 32, 4096]
    let step = choices.draw(from: steps)
    let other: UInt64 =
      switch choices.draw(below: 6) {
      case 0, 1: bytes &- step
      case 2: bytes / 2
      case 3 where bytes < 1 << 20: bytes * 2
      default: bytes &+ step
      }
    switch call {
    case .addRegion, .resizeArena:
      let unit = fresh.capabilities.arenaAlignment
      return min(other, 1 << 23) / unit * unit
    case .thread: return other % 4
    case .endThread: return 1 + other % 3
    default: return max(other, fresh.capabilities.smallestBytes)
    }
  }
}

/// What of a library's code was reached by any trace, and how often: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to
/// 127 times or more are told apart.
struct ReachedCode {
  /// A bit for each of these, by counter.
  private var bits: [UInt8] = []

  /// Adds what a trace has reached; answers with what is new, a bit by counter: of code that nobody had
  /// reached, or else of code that was reached more or less often than ever.
  mutating func takes(_ counters: [UInt8]) -> (new: [Int: UInt8], isCode: Bool) {
    if bits.count < counters.count {
      bits += Array(repeating: 0, count: counters.count - bits.count)
    }
    var (code, counts): ([Int: UInt8], [Int: UInt8]) = ([:], [:])
    for (index, count) in counters.enumerated() where count > 0 {
      let bit = Self.bit(count)
      guard bits[index] & bit == 0 else { continue }
      if bits[index] == 0 { code[index] = bit } else { counts[index] = bit }
      bits[index] |= bit
    }
    return code.isEmpty ? (counts, false) : (code, true)
  }

  /// The bit of a count; 0 for none.
  static func bit(_ count: UInt8) -> UInt8 {
    switch count {
    case 0: 0
    case 1: 1
    case 2: 2
    case 3: 4
    case 4...7: 8
    case 8...15: 16
    case 16...31: 32
    case 32...127: 64
    default: 128
    }
  }
}
