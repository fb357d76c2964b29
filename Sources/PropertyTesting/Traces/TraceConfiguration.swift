/// How the system under test is set up: a value of numbers whose origins are the defaults.
public protocol TraceConfiguration: Parameterized, CustomStringConvertible {
  /// The defaults; every parameter is at its origin.
  init()
}
