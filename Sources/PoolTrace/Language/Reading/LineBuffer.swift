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
