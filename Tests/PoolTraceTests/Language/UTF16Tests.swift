import Testing

@testable import PoolTrace

/// A trace in UTF-16 is the same trace.
@Suite struct UTF16Tests {
  private static let text = """
    config profile=windows-7-x64
    # für Umlaute 𝄞
    alloc 1 NonPaged 113 File\r
    free 1
    fre 1

    """

  /// A text in UTF-16.
  private static func units(_ text: String, isBigEndian: Bool, hasMark: Bool) -> [UInt8] {
    ((hasMark ? [0xFEFF] : []) + Array(text.utf16)).flatMap { unit in
      let (high, low) = (UInt8(unit >> 8), UInt8(unit & 0xFF))
      return isBigEndian ? [high, low] : [low, high]
    }
  }

  private static func items(_ bytes: [UInt8], portionBytes: Int = .max) -> [String] {
    var parser = TraceParser(.bytes(bytes, portionBytes: portionBytes))
    var items: [String] = []
    while items.count < 100 {
      let item = parser.next()
      items.append("\(parser.line): \(item)")
      if case .finished = item { return items }
    }
    return items
  }

  @Test(arguments: [(false, true), (true, true), (false, false), (true, false)])
  func everyFormGivesTheSameItems(_ isBigEndian: Bool, _ hasMark: Bool) {
    let plain = Self.items(Array(Self.text.utf8))
    #expect(plain.count == 5)
    let wide = Self.units(Self.text, isBigEndian: isBigEndian, hasMark: hasMark)
    for portionBytes in [1, 2, 3, 7, 4_096] {
      #expect(Self.items(wide, portionBytes: portionBytes) == plain)
    }
  }

  @Test func aCutTextEndsInAnErrorAndNeverInSilence() {
    let wide = Self.units("free 1\nfree 2", isBigEndian: false, hasMark: true)
    // Half a unit is left, or half of a pair.
    for cut in [Array(wide.dropLast()), wide + [0x34, 0xD8]] {
      let items = Self.items(cut)
      #expect(items.count == 3 && items[1].hasPrefix("2: failure"))
    }
    #expect(Self.items([]).count == 1 && Self.items([0xFF, 0xFE]).count == 1)
    #expect(Self.items([0x66]).count == 2)
  }

  /// A line is answered when it is there, though more may follow.
  @Test func nothingIsReadAhead() {
    var portions: [[UInt8]] = [Array("free 1\n".utf8)]
    var hasAskedForMore = false
    var parser = TraceParser(
      TraceSource { buffer in
        guard !portions.isEmpty else {
          hasAskedForMore = true
          return .end
        }
        let portion = portions.removeFirst()
        buffer.copyBytes(from: portion)
        return .bytes(portion.count)
      })
    guard case .operation = parser.next() else {
      Issue.record("the line is an operation")
      return
    }
    #expect(!hasAskedForMore)
  }
}
