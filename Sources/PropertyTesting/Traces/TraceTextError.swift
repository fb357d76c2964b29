/// A line that is no configuration or no operation.
public struct TraceTextError: Error, Equatable, CustomStringConvertible {
  /// The number of the line, from 1.
  public let line: Int
  /// The line.
  public let text: String

  /// The line and what was expected there.
  public var description: String {
    "line \(line): '\(text)' is no \(line == 1 ? "configuration" : "operation")"
  }
}
