import Platform
import PoolFuzzing
import PropertyTesting

/// Judges a run by what a caller can see: addresses, sizes, contents, and the end of the process.
///
/// It lives outside of the worker and keeps its own books from the calls and their answers. The first
/// operation that shows anything wrong is the failing one.
struct TargetOracle {
  private let operations: [TargetOperation]
  private let run: TargetRun
  private let arenaBytes: UInt64
  /// Live blocks by their start.
  private var blocks: [Block] = []
  private var liveBytes: UInt64 = 0

  private struct Block {
    var start: UInt64
    var end: UInt64
    var slot: UInt32
    var bytes: UInt64
  }

  /// The first failure of a run; nil where all held.
  static func failure(
    _ operations: [TargetOperation], _ run: TargetRun, arenaBytes: UInt64
  ) -> TargetFailure? {
    var oracle = Self(operations: operations, run: run, arenaBytes: arenaBytes)
    return oracle.judge()
  }

  private init(operations: [TargetOperation], run: TargetRun, arenaBytes: UInt64) {
    self.operations = operations
    self.run = run
    self.arenaBytes = arenaBytes
  }

  private mutating func judge() -> TargetFailure? {
    for index in run.results.indices {
      if let failure = step(index) { return failure }
    }
    return ending()
  }

  private func failure(
    _ rule: TargetFailure.Rule, _ text: String, at step: Int, variant: String = ""
  ) -> TargetFailure {
    TargetFailure(rule: rule, variant: variant, text: text, step: step)
  }

  // MARK: Operations

  private mutating func step(_ index: Int) -> TargetFailure? {
    let operation = operations[index]
    let result = run.results[index]
    switch (operation.kind, result.state) {
    case (.allocate, .done):
      if let failure = allocated(operation, result, index) { return failure }
    case (.allocate, .null):
      if blocks.isEmpty, operation.bytes <= run.probeBytes / 2, operation.alignment <= 4096 {
        return failure(.refusal, "\(operation.bytes) bytes refused with nothing live", at: index)
      }
    case (.free, .done): remove(operation.slot)
    default: break
    }
    guard operation.isMeasured, run.reportsFootprint, result.state == .done,
      result.footprint > 0, result.footprint < liveBytes
    else { return nil }
    let text = "\(result.footprint) bytes held, \(liveBytes) live"
    return failure(.footprint, text, at: index)
  }

  private mutating func allocated(
    _ operation: TargetOperation, _ result: TargetResult, _ index: Int
  ) -> TargetFailure? {
    let natural = operation.bytes >= run.naturalAlignment ? run.naturalAlignment : 1
    let alignment = max(operation.alignment, natural)
    if result.address & (alignment &- 1) != 0 {
      return failure(
        .alignment, "\(hexadecimal(result.address)) for \(alignment) bytes", at: index)
    }
    if result.usableBytes < operation.bytes {
      return failure(
        .usableSize, "\(result.usableBytes) bytes usable, \(operation.bytes) asked for", at: index)
    }
    let isWild = result.usableBytes > operation.bytes &+ max(arenaBytes, 1 << 30)
    let bytes = max(isWild ? operation.bytes : result.usableBytes, 1)
    let (end, overflow) = result.address.addingReportingOverflow(bytes)
    let block = Block(
      start: result.address, end: end, slot: operation.slot, bytes: operation.bytes)
    let place = position(of: block.start)
    let lower = place > 0 && blocks[place - 1].end > block.start
    let upper = place < blocks.count && blocks[place].start < end
    blocks.insert(block, at: place)
    liveBytes &+= operation.bytes
    guard lower || upper || overflow || isWild else { return nil }
    let rule: TargetFailure.Rule =
      isWild ? .usableSize : operation.bytes == 0 ? .zeroSize : .overlap
    let text = "\(hexadecimal(block.start)), \(bytes) bytes, while "
    let other = blocks[lower ? place - 1 : min(place + 1, blocks.count - 1)]
    return failure(
      rule, text + "\(hexadecimal(other.start)) to \(hexadecimal(other.end)) is live", at: index)
  }

  private mutating func remove(_ slot: UInt32) {
    guard let place = blocks.firstIndex(where: { $0.slot == slot }) else { return }
    liveBytes &-= blocks[place].bytes
    blocks.remove(at: place)
  }

  private func position(of start: UInt64) -> Int {
    var low = 0
    var high = blocks.count
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].start < start { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func hexadecimal(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }

  // MARK: The end

  private func ending() -> TargetFailure? {
    let said = run.errors.isEmpty ? "" : ": " + run.errors.filter { $0 != "\n" }
    switch run.ending {
    case .finished: return afterwards()
    case .hung: return failure(.hang, "no answer in time, \(place)", at: run.step)
    case .exited(let code):
      return failure(.exit, "the process ended with code \(code), \(place)\(said)", at: run.step)
    case .signalled(let number):
      let name = Processes.signalName(number)
      return failure(
        .crash, "the process got \(name), \(place)\(said)", at: run.step, variant: name)
    case .problem(let problem, let detail, let message):
      return noticed(problem, detail, message)
    }
  }

  private var place: String {
    switch run.phase {
    case .idle, .creation: "while the allocator was created"
    case .operations: "in operation \(run.step + 1)"
    case .emptying: "while everything was freed"
    case .destruction, .done: "while the allocator was destroyed"
    }
  }

  private func noticed(
    _ problem: TargetProblem, _ detail: UInt64, _ message: String
  ) -> TargetFailure {
    switch problem {
    case .payload:
      failure(.payload, "the byte at offset \(detail) is not its owner's, \(place)", at: run.step)
    case .stack: failure(.stack, "the caller's variables have changed, \(place)", at: run.step)
    case .usableChanged:
      failure(.usableSize, "the usable size has become \(detail), \(place)", at: run.step)
    case .check: failure(.check, message, at: run.step)
    case .growth: failure(.growth, "\(detail) bytes are resident, \(place)", at: run.step)
    case .walk: failure(.walk, "the block at \(hexadecimal(detail)), \(place)", at: run.step)
    case .creation: failure(.creation, "no allocator of \(arenaBytes) bytes", at: run.step)
    }
  }

  private func afterwards() -> TargetFailure? {
    let end = operations.count
    if !run.output.isEmpty {
      return failure(.output, "on standard output: \(run.output.prefix(200))", at: end)
    }
    if run.probeBytes > 0, !run.probeServed {
      let text = "a fresh allocator serves \(run.probeBytes) bytes, the emptied one refuses"
      return failure(.emptied, text, at: end)
    }
    guard run.footprints.count > 4, Self.rises(run.footprints) else { return nil }
    let text = "held after each round: " + run.footprints.map { "\($0)" }.joined(separator: ", ")
    return failure(.leak, text, at: end)
  }

  /// Whether every round holds more than the one before.
  static func rises(_ footprints: [UInt64]) -> Bool {
    zip(footprints, footprints.dropFirst()).allSatisfy { $0 < $1 }
  }
}

/// Something that an allocator under test did wrong.
public struct TargetFailure: Sendable, Equatable {
  /// What every allocator owes its callers, and what its process owes us.
  public enum Rule: String, Sendable, CaseIterable {
    /// No two live blocks share a byte, usable bytes counted.
    case overlap = "target.overlap"
    /// An address is a multiple of what was asked for.
    case alignment = "target.alignment"
    /// A block of no bytes is NULL or has an address of its own.
    case zeroSize = "target.zero-size"
    /// A live block keeps what its owner wrote.
    case payload = "target.payload"
    /// A block has at least the bytes that were asked for, and the same as long as it lives.
    case usableSize = "target.usable-size"
    /// An allocator without a live block serves what a fresh one served.
    case refusal = "target.refusal"
    /// Emptied, it serves the largest request that the fresh one served.
    case emptied = "target.emptied"
    /// Emptied again and again, it does not hold more each time.
    case leak = "target.leak"
    /// It holds at least what is live.
    case footprint = "target.footprint"
    /// Its own check holds.
    case check = "target.check"
    /// Its walk tells of every live block once.
    case walk = "target.walk"
    /// It can be created.
    case creation = "target.creation"
    /// The caller's stack is the caller's.
    case stack = "target.stack"
    /// It does not grow without bound.
    case growth = "target.growth"
    /// It does not end the process by a signal.
    case crash = "target.crash"
    /// It does not end the process.
    case exit = "target.exit"
    /// It answers.
    case hang = "target.hang"
    /// Standard output is not its own.
    case output = "target.output"
  }

  /// The broken rule.
  public let rule: Rule
  /// What tells two failures of one rule apart: a signal's name, or nothing.
  public let variant: String
  /// What was seen.
  public let text: String
  /// The operation that showed it; the number of operations for the end.
  public let step: Int

  /// What makes it the same failure in another trace.
  public func identity(in trace: PoolFuzzTrace) -> FailureIdentity {
    let word =
      step < trace.operations.count ? trace.operations[step].operationKind.word : "end"
    return FailureIdentity("\(rule.rawValue)\(variant.isEmpty ? "" : "-\(variant)") after \(word)")
  }
}
