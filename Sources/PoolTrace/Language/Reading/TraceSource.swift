import Platform
import TextDecoding

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
      do throws(SystemError) {
        let count = try OpenedFile.read(into: buffer, from: descriptor)
        return count > 0 ? .bytes(count) : .end
      } catch {
        return .failed(errorNumber: error.number)
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

/// Cuts a stream of bytes into lines, in memory that does not depend on the stream.
///
/// One buffer holds what has been read and not yet handed out. It grows, up to a line of the
/// limit, only while a line is longer than it; a line beyond the limit is reported as soon as that
/// is known and its bytes are dropped as they come.
struct LineBuffer: ~Copyable {
  /// What was found.
  enum Found {
    /// A line, without its end; valid until the next call.
    case line(UnsafeBufferPointer<UInt8>)
    /// A line longer than the limit; the next call continues behind it.
    case tooLong
    case end
    case failed(errorNumber: Int32)
  }

  private let source: TraceSource
  private let limit: Int
  private var storage: UnsafeMutableRawBufferPointer
  /// Bytes `start..<stop` are unread; those before `scanned` hold no line end.
  private var start = 0
  private var scanned = 0
  private var stop = 0
  private var isDropping = false
  private var ending: TraceSource.Portion?

  static let initialBytes = 64 << 10

  init(_ source: TraceSource, limit: Int) {
    self.source = source
    self.limit = limit
    storage = .allocate(byteCount: LineBuffer.initialBytes, alignment: 16)
  }

  deinit { storage.deallocate() }

  /// The next line.
  mutating func next() -> Found {
    while true {
      if let lineEnd = findLineEnd() {
        let line = take(through: lineEnd)
        if isDropping {
          isDropping = false
        } else {
          return line.count > limit ? .tooLong : .line(line)
        }
      } else if stop - start > limit + 1, !isDropping {
        isDropping = true
        return .tooLong
      } else if let ending {
        return last(ending)
      } else {
        fill()
      }
    }
  }

  /// The unread bytes as the last line, which has no end of its own.
  private mutating func last(_ ending: TraceSource.Portion) -> Found {
    let rest = take(through: stop)
    guard rest.isEmpty || isDropping else { return rest.count > limit ? .tooLong : .line(rest) }
    if case .failed(let errorNumber) = ending { return .failed(errorNumber: errorNumber) }
    return .end
  }

  /// Hands out the bytes before `lineEnd` and moves behind it; a carriage return is dropped.
  @inline(__always)
  private mutating func take(through lineEnd: Int) -> UnsafeBufferPointer<UInt8> {
    let bytes = UnsafeRawBufferPointer(storage).baseAddress.map {
      $0.advanced(by: start).assumingMemoryBound(to: UInt8.self)
    }
    var count = lineEnd - start
    if count > 0, storage[lineEnd - 1] == 0x0D { count -= 1 }
    start = min(lineEnd + 1, stop)
    scanned = start
    return UnsafeBufferPointer(start: bytes, count: count)
  }

  /// The offset of the next line end, eight bytes at a time: a byte of `word ^ pattern` is zero
  /// where the byte is a line feed, and the subtraction borrows into the top bit of the first one.
  @inline(__always)
  private mutating func findLineEnd() -> Int? {
    let pattern: UInt64 = 0x0A0A_0A0A_0A0A_0A0A
    while scanned &+ 8 <= stop {
      let word = storage.loadUnaligned(fromByteOffset: scanned, as: UInt64.self).littleEndian
      let difference = word ^ pattern
      let zeros =
        (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
      if zeros != 0 {
        scanned &+= zeros.trailingZeroBitCount / 8
        return scanned
      }
      scanned &+= 8
    }
    while scanned < stop {
      if storage[scanned] == 0x0A { return scanned }
      scanned &+= 1
    }
    return nil
  }

  /// Reads more bytes behind those that are unread.
  private mutating func fill() {
    if isDropping {
      start = stop
      scanned = stop
    }
    makeRoom()
    switch source.read(UnsafeMutableRawBufferPointer(rebasing: storage[stop...])) {
    case .bytes(let count):
      precondition(count > 0 && count <= storage.count - stop, "a portion fits the buffer")
      stop += count
    case let other: ending = other
    }
  }

  private mutating func makeRoom() {
    if start > 0 {
      let unread = UnsafeRawBufferPointer(rebasing: storage[start..<stop])
      storage.copyMemory(from: unread)
      scanned -= start
      (start, stop) = (0, unread.count)
    }
    guard stop == storage.count else { return }
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: storage.count * 2, alignment: 16)
    larger.copyMemory(from: UnsafeRawBufferPointer(storage))
    storage.deallocate()
    storage = larger
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// The offset of the first byte that is not part of well-formed UTF-8, or nil (Unicode 15,
  /// table 3-7).
  var firstInvalidUTF8: Int? {
    var position = 0
    while position < count {
      let length = sequenceLength(at: position)
      guard length > 0 else { return position }
      position += length
    }
    return nil
  }

  /// Bytes of the well-formed sequence at `position`, or 0.
  private func sequenceLength(at position: Int) -> Int {
    let lead = self[position]
    if lead < 0x80 { return 1 }
    guard position + 1 < count else { return 0 }
    let second = self[position + 1]
    let secondRange: ClosedRange<UInt8>
    let length: Int
    switch lead {
    case 0xC2...0xDF: (length, secondRange) = (2, 0x80...0xBF)
    case 0xE0: (length, secondRange) = (3, 0xA0...0xBF)
    case 0xED: (length, secondRange) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, secondRange) = (3, 0x80...0xBF)
    case 0xF0: (length, secondRange) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, secondRange) = (4, 0x80...0xBF)
    case 0xF4: (length, secondRange) = (4, 0x80...0x8F)
    default: return 0
    }
    guard secondRange.contains(second), position + length <= count else { return 0 }
    for offset in 2..<Swift.max(length, 2) where self[position + offset] & 0xC0 != 0x80 {
      return 0
    }
    return length
  }
}
