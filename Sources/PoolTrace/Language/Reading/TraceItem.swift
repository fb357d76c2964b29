/// What a parser finds next.
public enum TraceItem: Equatable, Sendable {
  /// A line in the language.
  case operation(Operation)
  /// A line that is not. The parser can go on behind it.
  case failure(TraceError)
  /// A line `end`, where several traces share one stream: the next line begins another trace.
  case endOfTrace
  /// The bytes could not be read, with the system's error number. Nothing follows.
  case unreadable(errorNumber: Int32)
  /// The last byte has been read. Nothing follows.
  case finished
}
