#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Where a parser gets its bytes: anything that fills a buffer, in portions of any size.
public struct TraceSource {
  /// The answer to a request for bytes.
  public enum Portion: Equatable, Sendable {
    /// So many bytes, at least one and at most the size of the buffer, were stored.
    case bytes(Int)
    /// There are no more.
    case end
    /// They cannot be read, with the system's error number.
    case failed(errorNumber: Int32)
  }

  let read: (UnsafeMutableRawBufferPointer) -> Portion

  /// A source that fills its buffer by `read`. The buffer is never empty.
  public init(read: @escaping (UnsafeMutableRawBufferPointer) -> Portion) { self.read = read }

  /// Bytes in memory, handed out in portions of at most `portionBytes`.
  public static func bytes(_ bytes: [UInt8], portionBytes: Int = .max) -> TraceSource {
    precondition(portionBytes > 0, "a portion holds at least one byte")
    var position = 0
    return TraceSource { buffer in
      let count = min(buffer.count, bytes.count - position, portionBytes)
      guard count > 0 else { return .end }
      bytes.withUnsafeBytes {
        buffer.copyMemory(from: .init(rebasing: $0[position...].prefix(count)))
      }
      position += count
      return .bytes(count)
    }
  }

  /// The UTF-8 of a string.
  public static func text(_ text: String) -> TraceSource { bytes(Array(text.utf8)) }

  /// An open file, pipe or terminal, which stays open.
  public static func fileDescriptor(_ descriptor: Int32) -> TraceSource {
    TraceSource { buffer in
      while true {
        #if canImport(Glibc)
          let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
          let count = Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
          let count = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        if errno != EINTR { return .failed(errorNumber: errno) }
      }
    }
  }
}
