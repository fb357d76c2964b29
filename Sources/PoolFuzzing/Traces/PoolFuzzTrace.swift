import KernelPool
import PoolOracles
import PoolTrace
import PropertyTesting

/// A trace of the pool in the form that generators and shrinkers work on.
public typealias PoolFuzzTrace = PropertyTesting.Trace<PoolSetup, PoolOperation>

extension PropertyTesting.Trace where Configuration == PoolSetup, Operation == PoolOperation {
  /// The text of a trace file: comment lines, the configuration, an operation a line.
  ///
  /// Slots are written `s0`, `s1` and so on.
  public func text(comments: [String] = []) -> String {
    var bytes: [UInt8] = []
    for comment in comments { TraceWriter.append(comment: comment, to: &bytes) }
    TraceWriter.append(.config(configuration.configuration), to: &bytes)
    for operation in operations {
      TraceWriter.append(operation.renamed { SlotName("s\($0)") ?? $0 }, to: &bytes)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads the text of a trace file. Slots get numbers in the order of their first use; dumps and
  /// expectations are left out; a store of more than 16 bytes becomes several. Without renumbering
  /// slots must be called `s0`, `s1` and so on, as `text` writes them, and keep these numbers.
  public static func reading(
    _ text: String, mutant: Mutant = .none, renumbering: Bool = true
  ) throws(TraceError) -> PoolFuzzTrace {
    var (trace, _) = try readingWithHeader(text, renumbering: renumbering)
    trace.configuration.mutant = mutant
    return trace
  }

  /// The same with what the file's first comments say of it: the planted bug that they name is
  /// planted.
  public static func readingWithHeader(
    _ text: String, renumbering: Bool = true
  ) throws(TraceError) -> (trace: PoolFuzzTrace, header: TraceHeader) {
    var parser = TraceParser(text)
    var setup = PoolSetup()
    var operations: [PoolOperation] = []
    var numbers: [SlotName: SlotName] = [:]
    reading: while true {
      switch parser.next() {
      case .operation(.config(let configuration)):
        setup.configuration = configuration
      case .operation(let operation):
        for part in PoolOperation.parts(of: operation) {
          let renamed = PoolOperation(normal: part).renamed { name in
            if !renumbering {
              return Slot("\(name)").map { PoolOperation.name($0) } ?? name
            }
            if let known = numbers[name] { return known }
            let number = SlotName(UInt64(numbers.count))
            numbers[name] = number
            return number
          }
          if let normal = PoolOperation(renamed) { operations.append(normal) }
        }
      case .failure(let error): throw error
      case .finished, .endOfTrace, .unreadable: break reading
      }
    }
    let header = parser.header
    setup.mutant = try header.plantedBug() ?? .none
    return (PoolFuzzTrace(configuration: setup, operations: operations), header)
  }
}

extension TraceFormat where Configuration == PoolSetup, Operation == PoolOperation {
  /// A trace file, which `poolfuzz replay` takes; a planted bug is named in a comment.
  public static var traceFile: TraceFormat {
    TraceFormat(
      read: { try PoolFuzzTrace.readingWithHeader($0).trace },
      write: { trace in
        let mutant = trace.configuration.mutant
        return trace.text(comments: mutant == .none ? [] : ["mutant: \(mutant.rawValue)"])
      })
  }
}

extension PoolOperation {
  /// The operation of the language with its slot called otherwise.
  func renamed(_ rename: (SlotName) -> SlotName) -> PoolTrace.Operation {
    guard let old = slotName else { return operation }
    let name = rename(old)
    return switch operation {
    case .alloc(_, let type, let bytes, let tag): .alloc(name, type, bytes: bytes, tag: tag)
    case .contiguous(_, let bytes, let limits): .contiguous(name, bytes: bytes, limits: limits)
    case .free(_, let tag): .free(name, tag: tag)
    case .fill: .fill(name)
    case .write(_, let offset, let bytes): .write(name, offset: offset, bytes)
    case .freeAt(.slot(_, let offset), let tag): .freeAt(.slot(name, offset: offset), tag: tag)
    case .writeAt(.slot(_, let offset), let bytes): .writeAt(.slot(name, offset: offset), bytes)
    default: operation
    }
  }

  /// A store in pieces of at most `longestStore` bytes; everything else as it is.
  static func parts(of operation: PoolTrace.Operation) -> [PoolTrace.Operation] {
    func pieces(_ bytes: [UInt8]) -> [(offset: Int64, bytes: [UInt8])] {
      stride(from: 0, to: bytes.count, by: longestStore).map { start in
        (Int64(start), Array(bytes[start..<min(start + longestStore, bytes.count)]))
      }
    }
    switch operation {
    case .write(let name, let offset, let bytes):
      return pieces(bytes).map { .write(name, offset: offset &+ $0.offset, $0.bytes) }
    case .writeAt(let address, let bytes):
      return pieces(bytes).map { .writeAt(address.moved(by: $0.offset), $0.bytes) }
    default: return [operation]
    }
  }
}

extension AddressExpression {
  /// The address so many bytes further on.
  func moved(by bytes: Int64) -> AddressExpression {
    let unsigned = UInt64(bitPattern: bytes)
    return switch self {
    case .nonPaged(let offset): .nonPaged(offset &+ unsigned)
    case .paged(let offset): .paged(offset &+ unsigned)
    case .session(let offset): .session(offset &+ unsigned)
    case .absolute(let address): .absolute(address &+ unsigned)
    case .slot(let name, let offset): .slot(name, offset: offset &+ bytes)
    }
  }
}

extension CheckedPool: RewindableMachine {
  /// Boots the machine of a generated trace; see `problem` where it cannot be.
  public init(configuration setup: PoolSetup) {
    self.init(setup.configuration, mutant: setup.mutant, oracles: setup.oracles)
  }

  /// The machine skips by itself: a slot whose allocation failed may be allocated again.
  public static var slotKeeping: SlotKeeping { .byMachine }

  /// The rule and the kind of operation.
  public static func identity(
    of failure: PoolFailure, after operation: PoolOperation?
  ) -> FailureIdentity {
    failure.identity(after: operation?.operation)
  }

  /// Runs one operation under the oracles that look at single operations.
  public mutating func perform(
    _ operation: PoolOperation, _ failures: inout [PoolFailure]
  ) -> StepEffect {
    switch perform(operation.operation, &failures) {
    case .skipped, .nothingToDo: .skipped
    case .null: .refused
    default: .performed
    }
  }
}
