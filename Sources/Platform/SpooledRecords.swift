#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Numbered records that are kept for later: the last mebibyte in memory, what came before in a file
/// without a name, so that their number is bounded by the disk alone.
public struct SpooledRecords: ~Copyable {
  /// So much is kept in memory.
  private static let mostBytes = 1 << 20
  /// A record's number and length.
  private static let headBytes = 12
  private static let name = "a file for what is kept for later"

  /// What the file does not have yet.
  private var pending: [UInt8] = []
  private var descriptor: Int32 = -1
  private var writtenBytes = 0

  /// No records.
  public init() {}

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Whether a file was needed.
  public var hasFile: Bool { descriptor >= 0 }

  /// Appends a record of less than 4 GiB. An error says that no folder takes a file, or that the
  /// disk is full.
  public mutating func append(_ record: some Collection<UInt8>, number: UInt64)
    throws(SystemError)
  {
    for shift in stride(from: 0, to: 64, by: 8) {
      pending.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
    }
    for shift in stride(from: 0, to: 32, by: 8) {
      pending.append(UInt8(truncatingIfNeeded: record.count >> shift))
    }
    pending.append(contentsOf: record)
    if pending.count > Self.mostBytes { try writeOut() }
  }

  private mutating func writeOut() throws(SystemError) {
    if descriptor < 0 { descriptor = try Files.openWithoutName(Self.name) }
    var done = 0
    while done < pending.count {
      let (file, rest) = (descriptor, pending.count - done)
      let bytes = pending
      let start = done
      done += try SystemCall.transfer(Self.name, rest) { count in
        bytes.withUnsafeBytes { write(file, $0.baseAddress?.advanced(by: start), count) }
      }
    }
    writtenBytes += pending.count
    pending.removeAll(keepingCapacity: true)
  }

  /// Calls `body` with each record in the order in which they were appended.
  public func forEach(
    _ body: (_ number: UInt64, _ record: ArraySlice<UInt8>) throws(SystemError) -> Void
  ) throws(SystemError) {
    var window: [UInt8] = []
    var position = 0
    while position < writtenBytes + pending.count {
      if position < writtenBytes {
        position += try read(into: &window, at: position)
      } else {
        window += pending
        position += pending.count
      }
      var start = 0
      while let end = Self.end(of: window, from: start) {
        try body(Self.value(window[start..<start + 8]), window[start + Self.headBytes..<end])
        start = end
      }
      window.removeFirst(start)
    }
  }

  /// Where the record at `start` ends, if all of it is there.
  private static func end(of window: [UInt8], from start: Int) -> Int? {
    guard window.count - start >= headBytes else { return nil }
    let length = Int(value(window[start + 8..<start + headBytes]))
    let end = start + headBytes + length
    return end <= window.count ? end : nil
  }

  private static func value(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func read(into window: inout [UInt8], at position: Int) throws(SystemError) -> Int {
    var piece = [UInt8](repeating: 0, count: min(1 << 18, writtenBytes - position))
    let file = descriptor
    let count = try SystemCall.transfer(Self.name, piece.count) { count in
      pread(file, &piece, count, off_t(position))
    }
    // What was written is there, unless somebody else cut the file.
    guard count > 0 else { throw SystemError(path: Self.name, number: EIO) }
    window += piece[..<count]
    return count
  }
}
