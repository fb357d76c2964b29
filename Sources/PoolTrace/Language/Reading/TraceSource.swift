import TextDecoding

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

extension TraceSource {
  /// The same text in UTF-8 where it comes in UTF-16 of either order, with or without a mark;
  /// anything else as it is.
  ///
  /// The first two bytes decide, so that a line is answered as soon as it is there.
  func decoded() -> TraceSource {
    var decoder: UTF16Decoder?
    var isDecided = false
    /// Bytes that are ready, from `position` on.
    var ready: [UInt8] = []
    var position = 0
    return TraceSource { buffer in
      while true {
        if isDecided, position < ready.count {
          let count = min(buffer.count, ready.count - position)
          buffer.copyBytes(from: ready[position..<(position + count)])
          position += count
          return .bytes(count)
        }
        if isDecided, decoder == nil { return read(buffer) }
        // A unit of two bytes becomes three at the most.
        let portion = read(buffer)
        guard case .bytes(let count) = portion else {
          let rest = isDecided ? decoder?.finish() ?? [] : ready
          guard !rest.isEmpty else { return portion }
          // The source is asked for its end again.
          (ready, position, isDecided, decoder) = (rest, 0, true, nil)
          continue
        }
        let bytes = Array(buffer.prefix(count))
        if isDecided {
          (ready, position) = (decoder?.decode(bytes) ?? bytes, 0)
          continue
        }
        ready += bytes
        guard ready.count >= 2 else { continue }
        isDecided = true
        let (encoding, markBytes) = TextEncoding.detect(Array(ready.prefix(2)))
        guard case .utf16(let isBigEndian) = encoding else { continue }
        decoder = UTF16Decoder(isBigEndian: isBigEndian)
        ready = decoder?.decode(ready.dropFirst(markBytes)) ?? []
      }
    }
  }
}
