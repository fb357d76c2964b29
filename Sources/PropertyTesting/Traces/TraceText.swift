extension Trace
where Configuration: LosslessStringConvertible, Operation: LosslessStringConvertible {
  /// Reads what `description` writes: the configuration on the first line, then an operation a
  /// line. Blank lines are ignored.
  public init(parsing text: String) throws(TraceTextError) {
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    guard let first = lines.first, let configuration = Configuration(String(first)) else {
      throw TraceTextError(line: 1, text: String(lines.first ?? ""))
    }
    var operations: [Operation] = []
    for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      guard let operation = Operation(String(line)) else {
        throw TraceTextError(line: index + 1, text: String(line))
      }
      operations.append(operation)
    }
    self.init(configuration: configuration, operations: operations)
  }
}
