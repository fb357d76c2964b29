import Testing

@testable import PoolTrace

/// The stream of bytes: portions, line ends, long lines, several traces, failures.
@Suite struct StreamTests {
  private static let text = """
    config profile=reactos-x86 lookaside=0 fill=off
    alloc 1 NonPaged 100 'Se  '  # a comment
    nonsense here

    write 1 -8 0102030405\r
    expect bugcheck 0x19 0x3\r
    free 1 'unfinished
    dump
    """

  @Test(arguments: 1...40)
  func portionsOfAnySizeReadAlike(_ portionBytes: Int) {
    let whole = ItemList(.text(Self.text))
    let parts = ItemList(.bytes(Array(Self.text.utf8), portionBytes: portionBytes))
    #expect(parts.items == whole.items)
    #expect(parts.lines == whole.lines)
    #expect(whole.failures.map { $0.line } == [3, 7])
    #expect(whole.operations.count == 5)
  }

  @Test func carriageReturnsAndByteOrderMarksAreTolerated() throws {
    let expected: [Operation] = [.free("1", tag: nil), .dump]
    #expect(try TraceParser.operations(in: "\u{FEFF}free 1\r\ndump\r\n") == expected)
    #expect(try TraceParser.operations(in: "free 1\r\n\r\ndump\r") == expected)
    #expect(ItemList(.text("free 1\n\u{FEFF}dump\n")).failures.count == 1)
  }

  @Test func aLineOfTheLimitIsReadAndALongerOneIsNot() {
    let limit = 100
    for count in 90...110 {
      let line = "dump" + String(repeating: " ", count: count - 4)
      for end in ["\n", "\r\n", ""] {
        let list = ItemList(.text("free 1\n" + line + end), longestLineBytes: limit)
        let isShort = count <= limit
        #expect(list.failures.count == (isShort ? 0 : 1), "\(count) \(end.utf8.count)")
        #expect(list.operations.count == (isShort ? 2 : 1))
      }
    }
  }

  @Test func aTooLongLineIsReportedOnceAndSkipped() {
    let long = String(repeating: "x", count: 300_000)
    let list = ItemList(
      .text("free 1\n\(long)\nfree 2\n\(long)"), longestLineBytes: 1000)
    #expect(list.operations == [.free("1", tag: nil), .free("2", tag: nil)])
    #expect(
      list.failures.map { $0.description(file: "t") } == [
        "t:2:1001: expected a line of at most 1000 bytes, found a longer one",
        "t:4:1001: expected a line of at most 1000 bytes, found a longer one",
      ])
  }

  @Test func aLineOfAnyLengthNeedsNoMoreThanTheLimit() {
    let total = 24 << 20
    var remaining = total
    var largestBuffer = 0
    let source = TraceSource { buffer in
      guard remaining > 0 else { return .end }
      largestBuffer = max(largestBuffer, buffer.count)
      let count = min(buffer.count, remaining)
      buffer.prefix(count).initializeMemory(as: UInt8.self, repeating: 0x61)
      remaining -= count
      return .bytes(count)
    }
    let list = ItemList(source)
    #expect(list.items.count == 2)
    #expect(list.failures.count == 1)
    #expect(remaining == 0)
    #expect(largestBuffer <= 2 * TraceParser.longestLineBytes)
  }

  @Test func severalTracesShareAStream() {
    let text = "config lookaside=0\nfree 1\nend # first\nend\nconfig lookaside=0\nbad\nend 1\n"
    let list = ItemList(.text(text), stream: .manyTraces)
    #expect(list.operations.count == 3)
    #expect(list.items.filter { $0 == .endOfTrace }.count == 2)
    #expect(list.failures.map { $0.line } == [6, 7])
  }

  @Test func aFailureToReadIsNoEndOfTheTrace() {
    var portions = ["free 1\nfre", "e 2\nfree 3"]
    let source = TraceSource { buffer in
      guard !portions.isEmpty else { return .failed(errorNumber: 5) }
      let bytes = Array(portions.removeFirst().utf8)
      buffer.copyBytes(from: bytes)
      return .bytes(bytes.count)
    }
    let list = ItemList(source)
    #expect(list.items.last == .unreadable(errorNumber: 5))
    #expect(list.operations.first == .free("1", tag: nil))
    #expect(list.operations.contains(.free("2", tag: nil)))
  }

  @Test func aClosedFileIsUnreadable() {
    #expect(ItemList(.fileDescriptor(-1)).items == [.unreadable(errorNumber: 9)])
  }
}
