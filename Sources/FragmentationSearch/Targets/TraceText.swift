import PoolBounds

/// Writes operations in the trace language, in pieces of about 64 KiB, so that millions of them
/// need no memory: `alloc sN NonPaged BYTES Frag` and `free sN Frag`.
public struct TraceText: ~Copyable {
  private let geometry: PoolGeometry
  private let write: ([UInt8]) -> Void
  private var buffer: [UInt8] = []
  private static let pieceBytes = 1 << 16

  /// - Parameters:
  ///   - geometry: turns units into the bytes to ask for.
  ///   - configuration: what stands behind `config` on the first line; no such line if empty.
  ///   - comments: lines to put in front of it, each becomes a comment.
  ///   - write: takes the pieces, in order.
  public init(
    geometry: PoolGeometry, configuration: String, comments: [String] = [],
    write: @escaping ([UInt8]) -> Void
  ) {
    self.geometry = geometry
    self.write = write
    buffer.reserveCapacity(Self.pieceBytes + 256)
    for comment in comments { append("# \(comment)\n") }
    if !configuration.isEmpty { append("config \(configuration)\n") }
  }

  /// Adds one operation.
  public mutating func append(_ operation: PoolOperation) {
    switch operation {
    case .allocate(let slot, let units, _):
      append("alloc s\(slot) NonPaged \(geometry.payloadBytes(units: units)) Frag\n")
    case .free(let slot):
      append("free s\(slot) Frag\n")
    }
  }

  /// Adds a line of the caller's, for example an expectation, without its line end.
  public mutating func append(line: String) { append(line + "\n") }

  /// Writes what is left.
  public consuming func finish() {
    if !buffer.isEmpty { write(buffer) }
  }

  private mutating func append(_ text: String) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.pieceBytes {
      write(buffer)
      buffer.removeAll(keepingCapacity: true)
    }
  }
}
