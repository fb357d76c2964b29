import Testing

@testable import PoolDebugger

@Suite struct MessageTests {
  private func check(_ text: String) -> [CheckedListing] {
    ListingReader.read(text, source: "text").listings.map(ListingCheck.check)
  }

  @Test(arguments: [
    (
      "82a5a000 is not a valid small pool allocation, checking large pool...",
      DebuggerMessage.Kind.implausibleSmallBlock, 0x82A5_A000 as UInt64?
    ),
    (
      "Address ffff80091002a000 could not be read. It may be a freed, invalid or paged out page",
      .unreadableMemory, 0xFFFF_8009_1002_A000
    ),
    ("Bad previous allocation size @82a5a010, last size was 8", .badPreviousSize, 0x82A5_A010),
    ("Bad allocation size @82a5a010, too large", .badSize, 0x82A5_A010),
    ("82a5a000 is freed (or corrupt) pool", .freedOrCorrupt, 0x82A5_A000),
    ("Unable to get NonPagedPoolStart", .debuggerNotReady, nil),
    (
      "GetUlongFromAddress: unable to read from fffff80002c49280", .debuggerNotReady,
      0xFFFF_F800_02C4_9280
    ),
    ("HeapDbgInitExtension Failed", .debuggerNotReady, nil),
    ("Failed to read heap key", .heapKeyUnreadable, nil),
  ]) func sentencesAreTyped(text: String, kind: DebuggerMessage.Kind, address: UInt64?) {
    #expect(LineRecogniser.recognise(Array(text.utf8)) == .message(kind, address))
  }

  @Test func complaintsOfOldDebuggersAreBelieved() {
    let text = """
      82a5a000 size: 10 previous size: 0 (Allocated) Evil
      Bad previous allocation size @82a5a010, last size was 8
      """
    let checked = check(text)
    #expect(checked.map(\.verdict) == [.corrupt])
    #expect(checked[0].findings.contains { $0.rule == .debuggerVerdict })
  }

  @Test func complaintsWithoutABlockProveNothing() {
    let lines = [
      "82a5a000 is not a valid small pool allocation, checking large pool...",
      "82a5a000 is freed (or corrupt) pool", "Unable to get PagedPoolStart",
    ]
    for line in lines { #expect(check(line).map(\.verdict) == [.unknown]) }
  }

  @Test func aValidPageIsHealthyAndAnUnfinishedValidationUnknown() {
    let start = "Validating Pool headers for pool page: 82a5a000\n"
    #expect(check(start + "Pool page [ 82a5a000 ] is VALID.").map(\.verdict) == [.healthy])
    #expect(check(start).map(\.verdict) == [.unknown])
  }
}
