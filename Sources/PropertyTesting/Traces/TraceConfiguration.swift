/// How the system under test is set up: a value of numbers whose origins are the defaults.
public protocol TraceConfiguration: Parameterized, CustomStringConvertible {
  /// The defaults; every parameter is at its origin.
  init()

  /// Values of an operation's parameter that are worth trying under this configuration before a
  /// search: where what is done with the number changes, such as the end of a size class.
  func landmarks(of parameter: Parameter) -> [UInt64]
}

extension TraceConfiguration {
  /// Those that the parameter brings itself.
  public func landmarks(of parameter: Parameter) -> [UInt64] { parameter.landmarks }
}
