import Testing

@testable import PoolDebugger

/// What `!analyze -v` says beside the parameters: the stack, the pool's address.
@Suite struct AnalysisTextTests {
  private func report(_ text: String) -> InspectionReport {
    var inspection = Inspection()
    inspection.read(text: text, source: "text")
    return inspection.report()
  }

  private static let parameters = """
    BAD_POOL_HEADER (19)
    Arg1: 0000000000000020, a pool block header size is corrupt.
    Arg2: ffffb30e2663d940, The pool entry we were looking for within the page.
    Arg3: ffffb30e2663da00, The next pool entry.
    Arg4: 00000000040c0001, (reserved)
    POOL_ADDRESS:  ffffb30e2663d950 Nonpaged pool

    """

  private static let stack = """
    STACK_TEXT:
    fffff880`0371b9e8 fffff800`02e3d5b3 : 00000000`00000019 00000000`00000020 : nt!KeBugCheckEx
    fffff880`0371b9f0 fffff880`01c3b0f4 : 00000000`00000001 00000000`00000000 : nt!ExFreePoolWithTag+0x1023
    fffff880`0371baa0 fffff880`01c3a111 : 00000000`00000001 00000000`00000000 : filter!FlushBuffer+0x34
    fffff880`0371bad0 fffff800`02d7a3d1 : 00000000`00000001 00000000`00000000 : nt!IofCallDriver+0x51
    fffff880`0371bb00 00000000`00000000 : 00000000`00000001 00000000`00000000 : ndis+0x1f00

    FAILURE_BUCKET_ID:  0x19_20_filter!FlushBuffer
    """

  @Test func theStackTellsWhoMetTheDamage() throws {
    let text = report(Self.parameters + Self.stack).text
    #expect(
      text.contains(
        "nt!ExFreePoolWithTag+0x1023 was called by filter!FlushBuffer+0x34 (text:10), the first "
          + "frame that is not the kernel's; evidence of who met the damage, not of who did it"))
    #expect(text.contains("also on the stack, and no more than that: ndis"))
    #expect(text.contains("FAILURE_BUCKET_ID: 0x19_20_filter"))
    #expect(report(Self.parameters + Self.stack).warningCount == 0)
  }

  @Test func aWrongCallsCallerIsTheSuspect() {
    let stack = Self.stack.replacing("filter!FlushBuffer+0x34", with: "0xfffff880`01c3b0f4")
    let text = "BugCheck C2, {9, 2, 0, fffffa8001b10800}\n"
    #expect(report(text + Self.stack).text.contains("the call itself is wrong, so look there"))
    #expect(report(text + stack).text.contains("no module covers 0xfffff88001c3b0f4"))
  }

  @Test func aStackOfTheKernelAloneNamesNobody() {
    let frames = Self.stack.split(separator: "\n").filter {
      !$0.contains("filter!") && !$0.contains("ndis+")
    }
    let text = report(Self.parameters + frames.joined(separator: "\n") + "\n").text
    #expect(text.contains("each of its 3 frames is the kernel's, so it names no driver"))
  }

  /// `kb` of a 32-bit system, with frame numbers, behind the analysis: the first stack counts.
  @Test func otherFormsOfStacksAreRead() {
    let old = """
      BugCheck 19, {20, 8b79d078, 8b79d158, 8a1c0004}
      0: kd> kb
       # ChildEBP RetAddr      Args to Child
      00 b5d2ba7c 80565c6f 00000019 00000020 8b79d078 nt!KeBugCheckEx+0x1b
      WARNING: Stack unwind information not available. Following frames may be wrong.
      01 b5d2bab0 f7412345 8b79d080 00000000 00000000 old_driver+0x2345
      0: kd> k
      ChildEBP RetAddr
      b5d2ba7c 80565c6f nt!KeBugCheckEx+0x1b
      b5d2bab0 f7412345 other!Function+0x1
      """
    let text = report(old).text
    #expect(text.contains("stack: old_driver+0x2345 (text:6), the first frame"))
    #expect(!text.contains("other!"))
    #expect(report("0: kd> k\nChildEBP RetAddr\nb5d2ba7c 80565c6f nt!X\n").listings.isEmpty)
  }

  @Test func thePoolsAddressIsHeldAgainstParametersAndListings() {
    let page = """
      0: kd> !pool ffffb30e2663d950
      Pool page ffffb30e2663d950 region is Nonpaged pool
       ffffb30e2663d000 size:  940 previous size:    0  (Allocated)  Aaaa
      *ffffb30e2663d940 size:   c0 previous size:  940  (Allocated) *Bbbb
      """
    let alone = report(Self.parameters)
    #expect(alone.text.contains("POOL_ADDRESS is the block whose header P2 is; its page: !pool"))
    #expect(!alone.text.contains("lies in the page") && !alone.text.contains("no listed page"))
    #expect(
      report(Self.parameters + page).text.contains(
        "POOL_ADDRESS lies in the page listed at text:8, in the block at ffffb30e2663d940 (tag "
          + "Bbbb, 0xc0 bytes, allocated)"))
    let other = page.replacing("b30e2663", with: "b30e2664")
    #expect(
      report(Self.parameters + other).text.contains(
        "no listed page holds POOL_ADDRESS: ask for !pool ffffb30e2663d950 1"))
    let json = report(Self.parameters + Self.stack).jsonLines.first ?? ""
    #expect(json.contains("\"pool_address\":\"0xffffb30e2663d950\""))
    #expect(json.contains("\"caller\":\"filter!FlushBuffer+0x34\""))
  }

  @Test func theListOfMemProcFSIsATableOfTags() {
    let head = "       #  Tag A         Address      Size Type Pool\n"
    func row(_ number: Int, _ tag: String, _ size: String, _ state: String = "A") -> String {
      let address = String(0xFFFF_D582_C5D0_2000 + UInt64(number) * 0x1000, radix: 16)
      let index = String(number, radix: 16)
      let padding = String(repeating: " ", count: 8 - index.count)
      return "\(padding)\(index) \(tag) \(state) \(address)    \(size) Big  NonPaged\n"
    }
    let rows = (0..<4_000).map { row($0, $0 < 4 ? "AfdB" : "Leak", $0 < 4 ? "1000" : "67000") }
    let large = report(head + rows.joined() + row(4_000, "Gone", "67000", "-"))
    #expect(large.listings.count == 1 && large.listings[0].listing.kindName == "memprocfs")
    #expect(large.text.contains("4000 allocations of"))
    #expect(large.outcome == .found && large.text.contains("Tag Leak holds 10"))
    #expect(report(row(0, "AfdB", "1000")).text.contains("1 allocations of 4,096 bytes in use"))
  }
}
