import PoolTrace

/// One line of a workload that is being made.
public enum WorkloadLine: Equatable, Sendable {
  /// Words for the reader.
  case comment(String)
  /// An operation.
  case operation(PoolTrace.Operation)
}

extension WorkloadLine {
  /// Appends the line to a trace, line feed included.
  public func append(to bytes: inout [UInt8]) {
    switch self {
    case .comment(let text): TraceWriter.append(comment: text, to: &bytes)
    case .operation(let operation): TraceWriter.append(operation, to: &bytes)
    }
  }
}
