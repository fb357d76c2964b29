/// Where a trace goes piece by piece.
protocol TracePlace {
  /// Adds bytes; a failure shows when the trace is finished.
  func write(_ bytes: [UInt8])
  /// Puts what was written in its place.
  func finish() throws(CommandFailure)
}

extension WholeFile: TracePlace {}

/// Standard output as the place of a trace.
struct StreamedTrace: TracePlace {
  private let streams: StandardStreams

  init(_ streams: StandardStreams) { self.streams = streams }

  func write(_ bytes: [UInt8]) { streams.print(bytes: bytes) }

  func finish() { streams.flush() }
}
