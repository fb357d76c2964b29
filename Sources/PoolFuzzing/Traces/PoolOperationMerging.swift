import KernelPool
import PropertyTesting

extension PoolOperation {
  /// One allocation instead of two: as large as both blocks together with the header between them,
  /// as both requests together, or as the larger one alone.
  ///
  /// The exact sum depends on the machine's header and unit, which an operation does not know, so
  /// both sizes of header are tried.
  public func merging(_ other: PoolOperation) -> [PoolOperation] {
    guard case .alloc(let name, let type, let bytes, let tag) = operation,
      case .alloc(_, let otherType, let more, _) = other.operation, type == otherType
    else { return [] }
    let (sum, overflow) = bytes.addingReportingOverflow(more)
    guard !overflow, sum < 1 << 40 else { return [] }
    let sizes = [sum + 8, sum + 16, sum, max(bytes, more), sum + 24, sum + 32]
    var seen: [UInt64] = [bytes]
    var merged: [PoolOperation] = []
    for size in sizes where !seen.contains(size) {
      seen.append(size)
      merged.append(PoolOperation(normal: .alloc(name, type, bytes: size, tag: tag)))
    }
    return merged
  }
}
