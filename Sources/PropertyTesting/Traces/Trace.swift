/// A configuration and the operations done under it: everything a failure needs.
public struct Trace<Configuration: MachineConfiguration, Operation: SlotOperation>:
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

/// How the system under test is set up: a value of numbers whose origins are the defaults.
public protocol MachineConfiguration: Parameterized, CustomStringConvertible {
  /// The defaults; every parameter is at its origin.
  init()

  /// Values of an operation's parameter that are worth trying under this configuration before a
  /// search: where what is done with the number changes, such as the end of a size class.
  func landmarks(of parameter: Parameter) -> [UInt64]

  /// The steps in which an operation's parameter means something under this configuration, such as
  /// the unit that sizes are rounded to: numbers that hang together are moved by multiples of it.
  func granule(of parameter: Parameter) -> UInt64
}

extension MachineConfiguration {
  /// Those that the parameter brings itself.
  public func landmarks(of parameter: Parameter) -> [UInt64] { parameter.landmarks }

  /// Every step.
  public func granule(of parameter: Parameter) -> UInt64 { 1 }
}

/// The configuration of a system that has none.
public struct NoConfiguration: MachineConfiguration, LosslessStringConvertible {
  /// The only one.
  public init() {}

  /// Reads `none`.
  public init?(_ description: String) {
    guard description == "none" else { return nil }
  }

  /// `none`.
  public var description: String { "none" }
}

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

/// How traces stand in files, for those who keep them.
public struct TraceFormat<Configuration: MachineConfiguration, Operation: SlotOperation>: Sendable {
  /// Reads what `write` writes; the error says where it is wrong and what was expected.
  public var read: @Sendable (String) throws -> Trace<Configuration, Operation>
  /// The text of a file.
  public var write: @Sendable (Trace<Configuration, Operation>) -> String

  /// That format.
  public init(
    read: @escaping @Sendable (String) throws -> Trace<Configuration, Operation>,
    write: @escaping @Sendable (Trace<Configuration, Operation>) -> String
  ) {
    self.read = read
    self.write = write
  }
}

extension TraceFormat
where Configuration: LosslessStringConvertible, Operation: LosslessStringConvertible {
  /// The configuration, then an operation a line, each as it describes itself.
  public static var lines: TraceFormat {
    TraceFormat(read: { try Trace(parsing: $0) }, write: { "\($0)\n" })
  }
}

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
