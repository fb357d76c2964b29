import KernelPool
import Testing

@testable import PoolTestSupport
import PoolTrace

/// Each form of each operation, and what it means.
@Suite struct OperationTests {
  private static let lines: [(String, Operation)] = [
    ("alloc 1 NonPaged 16 Tst1", .alloc("1", .nonPaged, bytes: 16, tag: "Tst1")),
    (
      "alloc a-1 Paged+Quota+Raise 0x10 'Io'",
      .alloc(
        "a-1", [.paged, .quota, .raiseOnFailure], bytes: 16, tag: "Io  ")
    ),
    ("\talloc\t1  NonPaged 16 Io # why", .alloc("1", .nonPaged, bytes: 16, tag: "Io  ")),
    ("alloc 1 NonPaged 16 ''", .alloc("1", .nonPaged, bytes: 16, tag: "    ")),
    ("alloc 1 NonPaged 16 '# a'", .alloc("1", .nonPaged, bytes: 16, tag: "# a ")),
    ("alloc 1 NonPaged 16 Io__", .alloc("1", .nonPaged, bytes: 16, tag: "Io__")),
    (
      "alloc 1 NonPaged 16 '\\x00\\xFf\\x27\\x5c'",
      .alloc(
        "1", .nonPaged, bytes: 16, tag: PoolTag(word: 0x5C27_FF00))
    ),
    (
      "alloc 1 0x41 18446744073709551615 Tst1",
      .alloc(
        "1", [.paged, .verifier], bytes: .max, tag: "Tst1")
    ),
    ("contiguous m 4096", .contiguous("m", bytes: 4096, limits: nil)),
    (
      "contiguous m 4096 0 0xffffffff 65536",
      .contiguous(
        "m", bytes: 4096,
        limits: ContiguousLimits(lowest: 0, highest: 0xFFFF_FFFF, boundary: 65536))
    ),
    ("free 1", .free("1", tag: nil)), ("free 1#now", .free("1", tag: nil)),
    ("free 1 MmCm", .free("1", tag: "MmCm")),
    ("freeat a+8 'Se'", .freeAt(.slot("a", offset: 8), tag: "Se  ")),
    ("write v -8 00fF", .write("v", offset: -8, [0, 255])),
    ("write v -0x8000000000000000 01", .write("v", offset: .min, [1])),
    ("writeat np+0x10 0102", .writeAt(.nonPaged(16), [1, 2])),
    ("fill 1", .fill("1")), ("cpu 63", .processor(63)), ("tick 86400", .tick(seconds: 86400)),
    ("irql 2", .interruptLevel(2)), ("dump", .dump),
    ("expect ok a", .expect(.ok("a"))), ("expect null a", .expect(.null("a"))),
    ("expect skipped", .expect(.skipped)),
    ("expect bugcheck 0x19", .expect(.bugCheck(code: 0x19, first: nil))),
    ("expect bugcheck 0xc2 7", .expect(.bugCheck(code: 0xC2, first: 7))),
    ("expect fault", .expect(.fault(nil))),
    ("expect fault pg+0x8", .expect(.fault(.paged(8)))),
    ("expect fault noncanonical", .expect(.nonCanonicalFault)),
    ("expect hang", .expect(.hang)),
    ("expect raise 0xc000009a", .expect(.raise(status: 0xC000_009A))),
    ("expect block a alignment >= 0x1000", .expect(.block("a", .alignment, .greaterOrEqual, 4096))),
    ("expect block a stored_type == 10", .expect(.block("a", .storedType, .equal, 10))),
    ("expect block a stored_tag != 1", .expect(.block("a", .storedTag, .notEqual, 1))),
    ("expect block 7 usable_bytes < 9", .expect(.block("7", .usableBytes, .less, 9))),
    ("expect block a process_offset > 0", .expect(.block("a", .processOffset, .greater, 0))),
    ("expect charged <= 24", .expect(.charged(.lessOrEqual, bytes: 24))),
    ("expect violation header.previous-size", .expect(.violation("header.previous-size"))),
  ]

  @Test func everyFormMeansItsOperation() throws {
    for (line, operation) in Self.lines {
      #expect(try TraceParser.operations(in: line) == [operation], "\(line)")
    }
  }

  @Test func metricsCompare() throws {
    for comparison in Comparison.allCases {
      let line = "expect paged.held_over_live \(comparison.rawValue) 1.50"
      let half = try #require(DecimalNumber(significand: 15, fractionDigits: 1))
      #expect(
        try TraceParser.operations(in: line)
          == [.expect(.metric("paged.held_over_live", comparison, half))])
    }
    #expect(Comparison.allCases.map { $0.holds(1, 2) } == [false, true, true, true, false, false])
    #expect(Comparison.allCases.map { $0.holds(2, 2) } == [true, false, false, true, false, true])
    #expect(Comparison.allCases.map { $0.holds(3, 2) } == [false, true, false, false, true, true])
  }

  @Test func blankLinesAndCommentsAreNothing() throws {
    #expect(try TraceParser.operations(in: "") == [])
    #expect(try TraceParser.operations(in: "\n \t\n# caf\u{e9}\n   # b\n#") == [])
  }

  @Test func operationsStaySmall() {
    #expect(MemoryLayout<Operation>.stride <= 64)
  }
}
