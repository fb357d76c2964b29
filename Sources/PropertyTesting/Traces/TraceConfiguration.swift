/// How the system under test is set up: a value of numbers whose origins are the defaults.
public protocol TraceConfiguration: Parameterized, CustomStringConvertible {
  /// The defaults; every parameter is at its origin.
  init()

  /// Values of an operation's parameter that are worth trying under this configuration before a
  /// search: where what is done with the number changes, such as the end of a size class.
  func landmarks(of parameter: Parameter) -> [UInt64]

  /// The steps in which an operation's parameter means something under this configuration, such as
  /// the unit that sizes are rounded to: numbers that hang together are moved by multiples of it.
  func granule(of parameter: Parameter) -> UInt64
}

extension TraceConfiguration {
  /// Those that the parameter brings itself.
  public func landmarks(of parameter: Parameter) -> [UInt64] { parameter.landmarks }

  /// Every step.
  public func granule(of parameter: Parameter) -> UInt64 { 1 }
}
