/// A configuration and the operations done under it: everything a failure needs.
public struct Trace<Configuration: TraceConfiguration, Operation: SlotOperation>:
  Sendable, Equatable
{
  /// How the system is set up.
  public var configuration: Configuration
  /// What is done, first to last.
  public var operations: [Operation]

  /// Those operations under that configuration.
  @inlinable
  public init(configuration: Configuration = Configuration(), operations: [Operation]) {
    self.configuration = configuration
    self.operations = operations
  }

  /// Without the operations at some indices.
  public func removing(_ indices: IndexSelection) -> Self {
    var copy = self
    copy.operations = operations.indices.filter { !indices.contains($0) }.map { operations[$0] }
    return copy
  }

  /// Without one operation.
  public func removing(at index: Int) -> Self {
    var copy = self
    copy.operations.remove(at: index)
    return copy
  }

  /// The first `count` operations; all of them if there are fewer.
  public func prefix(_ count: Int) -> Self {
    Trace(configuration: configuration, operations: Array(operations.prefix(count)))
  }
}

extension Trace: CustomStringConvertible {
  /// The configuration, then an operation a line.
  public var description: String {
    ([configuration.description] + operations.map(\.description)).joined(separator: "\n")
  }
}
