import KernelPool
import PoolFuzzing
import PoolTrace
import PropertyTesting

/// A trace of an allocator under test.
public typealias TargetTrace = PropertyTesting.Trace<TargetSetup, TargetOperation>

/// What an allocator under test is created with: the `target` line of a trace.
public struct TargetSetup: MachineConfiguration, Hashable {
  /// Bytes of the arena.
  public var arenaBytes: UInt64 = 1 << 20
  /// Bytes from the start of a page to the arena.
  public var offset: UInt64 = 0
  /// Which growth of the arena is refused; 0 for none.
  public var refusedGrowth: UInt64 = 0
  /// How often the trace is run at least, each time until all is freed.
  public var rounds: UInt64 = 2

  /// Rounds of a trace that looks for leaks in the resident set.
  static let manyRounds: UInt64 = 2048
  /// The largest arena in bytes.
  static let largestArena: UInt64 = 1 << 32

  /// An arena of 1 MiB on a page; two rounds.
  public init() {}

  /// An arena of so many bytes.
  public init(arenaBytes: UInt64, offset: UInt64 = 0) {
    self.arenaBytes = arenaBytes
    self.offset = offset
  }

  private var numbers: [UInt64] { [arenaBytes, offset, refusedGrowth, rounds] }

  /// The `target` line.
  public var description: String { TraceWriter.line(line) }

  /// The `target` line as an operation of the language.
  var line: PoolTrace.Operation {
    TargetCall(.target, nil, numbers).map(PoolTrace.Operation.target) ?? .dump
  }

  /// The numbers of a `target` line; nil where one is out of its range.
  init?(numbers: [UInt64]) {
    guard numbers.count == 4, (64...Self.largestArena).contains(numbers[0]), numbers[1] < 4096,
      (1...UInt64(SharedArea.mostRounds)).contains(numbers[3])
    else { return nil }
    (arenaBytes, offset, refusedGrowth, rounds) = (numbers[0], numbers[1], numbers[2], numbers[3])
  }

  /// The numbers, each with its default as origin.
  public var parameters: [Parameter] {
    zip(numbers, TargetCall.keys).map { Parameter(role: 0, value: $0, origin: $1.standard) }
  }

  /// The same with one number replaced; nil where no allocator is created with it.
  public func replacingParameter(at index: Int, with value: UInt64) -> TargetSetup? {
    var copy = numbers
    guard copy.indices.contains(index) else { return nil }
    copy[index] = value
    return TargetSetup(numbers: copy)
  }
}

extension PropertyTesting.Trace
where Configuration == TargetSetup, Operation == TargetOperation {
  /// The text of a trace file: comment lines, the `target` line unless it says nothing, an operation a
  /// line.
  public func text(comments: [String] = []) -> String {
    var bytes: [UInt8] = []
    for comment in comments { TraceWriter.append(comment: comment, to: &bytes) }
    if configuration != TargetSetup() { TraceWriter.append(configuration.line, to: &bytes) }
    for operation in operations { TraceWriter.append(operation.line, to: &bytes) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads a trace file and what its first comments say of it. Slots get numbers in the order of
  /// their first use; what means nothing to an allocator is left out. Without a `target` line the
  /// arena is as large as the nonpaged pool of the `config` line.
  public static func reading(
    _ text: String
  ) throws(TraceError) -> (trace: TargetTrace, header: TraceHeader) {
    var parser = TraceParser(text)
    var trace = TargetTrace(operations: [])
    var numbers: [SlotName: UInt32] = [:]
    reading: while true {
      switch parser.next() {
      case .operation(.config(let configuration)): trace.configuration = setup(of: configuration)
      case .operation(.target(let call)) where call.word == .target:
        guard let setup = TargetSetup(numbers: call.numbers) else {
          throw TraceError(
            line: parser.line, column: 1,
            message: "expected an arena of 64 bytes to 4 GiB, an offset below 4096 and 1 to"
              + " \(SharedArea.mostRounds) rounds")
        }
        trace.configuration = setup
      case .operation(let line):
        let operation = TargetOperation(line) { name in
          if let known = numbers[name] { return known }
          let number = UInt32(numbers.count)
          numbers[name] = number
          return number
        }
        if let operation { trace.operations.append(operation) }
      case .failure(let error): throw error
      case .finished, .endOfTrace, .unreadable: break reading
      }
    }
    return (trace, parser.header)
  }

  /// A trace of the pool as calls of any allocator.
  init(_ trace: PoolFuzzTrace) {
    var operations: [TargetOperation] = []
    for operation in trace.operations {
      let line = TargetOperation(operation.operation) { name in
        name.number.map { UInt32(truncatingIfNeeded: $0) } ?? 0
      }
      if let line { operations.append(line) }
    }
    self.init(
      configuration: Self.setup(of: trace.configuration.configuration), operations: operations)
  }

  private static func setup(of configuration: TraceConfiguration) -> TargetSetup {
    let pool = configuration.pool
    let (bytes, isTooLarge) = pool.nonPagedPages.multipliedReportingOverflow(
      by: pool.profile.pageBytes)
    let largest = TargetSetup.largestArena
    return TargetSetup(arenaBytes: min(max(isTooLarge ? largest : bytes, 4096), largest))
  }

  /// Slots numbered as a trace file's reader numbers them.
  var numberedInOrderOfUse: TargetTrace {
    var numbers: [Slot: Slot] = [:]
    var copy = self
    copy.operations = operations.map { operation in
      operation.renamingSlots { slot in
        if let known = numbers[slot] { return known }
        let number = Slot(numbers.count)
        numbers[slot] = number
        return number
      }
    }
    return copy
  }
}
