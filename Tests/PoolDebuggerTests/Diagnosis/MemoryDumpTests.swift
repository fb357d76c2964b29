import Testing

@testable import PoolDebugger

/// Headers and links found in dumped memory.
@Suite struct MemoryDumpTests {
  private func report(_ text: String) -> InspectionReport {
    var inspection = Inspection()
    inspection.read(text: text, source: "text")
    return inspection.report()
  }

  private func memories(_ text: String) -> [MemoryListing] {
    report(text).listings.compactMap { checked in
      guard case .memory(let memory) = checked.listing.content else { return nil }
      return memory
    }
  }

  @Test(arguments: [
    "fa808000  04080040 ee657645 00000001 fa808010",
    "fa808000  04080040 ee657645 00000001 fa808010  @...Eve.........",
    "fa808000  40 00 08 04 45 76 65 ee-01 00 00 00 10 80 80 fa  @...Eve.........",
    "fa808000  ee657645`04080040 fa808010`00000001",
    "fa808000  04080040 nt!Something+0x4\nfa808004  ee657645\nfa808008  00000001\nfa80800c  fa808010",
  ]) func everyCommandGivesTheSameBytes(_ text: String) {
    let found = memories("kd> dx fa808000\n" + text)
    #expect(found.count == 1 && found.first?.address == 0xFA80_8000)
    #expect(found.first?.value(at: 0, bytes: 4) == 0x0408_0040)
    #expect(found.first?.value(at: 12, bytes: 4) == 0xFA80_8010)
    #expect(found.first?.bytes.count == 16)
  }

  @Test func unknownBytesStayUnknown() {
    let found = memories("fa808000  ???????? 00000001 00000002 00000003")
    #expect(found.first?.value(at: 0, bytes: 4) == nil)
    #expect(found.first?.value(at: 4, bytes: 4) == 1)
  }

  @Test(arguments: [
    "f7a0fa2c 804f9e43 00000003 8278d970 4f4f4f4f nt!KeBugCheckEx+0x1b",
    "fffff880`0a1b2c38 fffff800`0123abcd : 00000000`00000019 00000000`00000003 : nt!ExFreePool",
    "12345678 is a number", "00000000 FF",
  ]) func whatIsNoDumpIsNone(_ text: String) {
    #expect(memories(text).isEmpty)
  }

  /// Two blocks of 0x40 and 0x20 bytes at a page's start; `previous` is what the second one knows.
  private func page(_ previous: UInt32) -> String {
    func row(_ address: UInt32, _ words: [UInt32]) -> String {
      Hexadecimal.text(UInt64(address), digits: 8) + "  "
        + words.map { Hexadecimal.text(UInt64($0), digits: 8) }.joined(separator: " ")
    }
    return [
      row(0xFA80_8000, [0x0408_0000, 0x6E65_7645, 0, 0]), row(0xFA80_8010, [0, 0, 0, 0]),
      row(0xFA80_8020, [0, 0, 0, 0]), row(0xFA80_8030, [0, 0, 0, 0]),
      row(0xFA80_8040, [0x0404_0000 | previous, 0x6573_7341, 0, 0]),
      row(0xFA80_8050, [0, 0, 0, 0]), row(0xFA80_8060, [0x0402_0004, 0x7478_654E, 0, 0]),
    ].joined(separator: "\n")
  }

  @Test func aChainIsFollowedAndABreakFound() {
    let sound = report(page(8))
    #expect(sound.outcome == .held && sound.text.contains("3 block headers"))
    let broken = report(page(9))
    #expect(broken.outcome == .found && broken.text.contains("do not agree"))
    // The third header agrees with the second, so one lies there.
    #expect(broken.damaged == [.init(.header, 0xFA80_8040)])
  }

  @Test func linksOfFreeBlocksAreJudged() {
    let head = "fffffa80`0dba6000  40 00 00 00 46 72 65 65-00 00 00 00 00 00 00 00\n"
    func report(_ forward: String, _ backward: String) -> InspectionReport {
      self.report(
        """
        fffffa80`0dba6000  00040000 65657246 00000000 00000000
        fffffa80`0dba6010  \(forward) \(backward)
        fffffa80`0dba6020  00000000 00000000 00000000 00000000
        fffffa80`0dba6030  00000000 00000000 00000000 00000000
        fffffa80`0dba6040  02020004 74736554 00000000 00000000
        """)
    }
    #expect(memories(head).count == 1)
    let good = report("0dba7010 fffffa80", "0dba5010 fffffa80")
    #expect(good.text.contains("2 block headers") && !good.text.contains("no address"))
    #expect(report("0dba7000 fffffa80", "0dba5010 fffffa80").text.contains("at a page's start"))
    #expect(report("41414141 41414141", "0dba5010 fffffa80").text.contains("\"AAAAAAAA\""))
    #expect(report("00001000 00000000", "0dba5010 fffffa80").text.contains("forward link"))
  }

  @Test func dtIsReadInEveryLayout() {
    let wide = report(
      """
      0: kd> dt nt!_POOL_HEADER fffffa80`0002eee0
         +0x000 PreviousSize     : 0y00000110 (0x6)
         +0x000 PoolIndex        : 0y00000000 (0)
         +0x000 BlockSize        : 0y00001001 (0x9)
         +0x000 PoolType         : 0y00000010 (0x2)
         +0x004 PoolTag          : 0x43434343
         +0x008 ProcessBilled    : (null)
      """)
    #expect(wide.text.contains("previous size 0x60, pool index 0, size 0x90, pool type 0x2"))
    #expect(wide.outcome == .held)
    let early = report(
      """
      kd> dt nt!_POOL_HEADER 82a5b000
         +0x000 PreviousSize     : 0x2 ''
         +0x001 PoolIndex        : 0 ''
         +0x002 PoolType         : 0x5 ''
         +0x003 BlockSize        : 0x4 ''
         +0x004 PoolTag          : 0x20206f49
      """)
    #expect(early.text.contains("previous size 0x40, pool index 0, size 0x80, pool type 0x5"))
    let text = report(
      "kd> dt nt!_POOL_HEADER fa808040\n   +0x000 Ulong1 : 0x41414141\n   +0x004 PoolTag : 0x41414141"
    )
    #expect(text.outcome == .found && text.text.contains("it reads as text: \"AAAA\""))
    #expect(text.text.contains("overwritten, or there is none"))
  }

  @Test func theVerifiersListNamesCallers() {
    let text = """
      86a2d4f8 Unloaded 000000a0 00000854 sample.sys
      Current Pool Allocations  00000001    00000001
      PoolAddress  SizeInBytes    Tag       CallersAddress
      86a84ebc     0x000000a0     Vfwn  f1df2fba
      86a00f80     0x00000854     Vfpa  f1df2fce
      """
    let left = report(text)
    #expect(
      left.outcome == .found && left.text.contains("sample.sys 2 allocations of 2,292 bytes left"))
    #expect(left.text.contains("tag Vfwn, f1df2fba"))
    let loaded = report(text.replacing("Unloaded", with: "Loaded"))
    #expect(loaded.outcome == .held && loaded.text.contains("in use, by tag: Vfpa 1, Vfwn 1"))
  }

  @Test func poolViewsRowsAreCounted() {
    let view = report(
      """
      ffffb9061a603000  0x0000000000000a20  (Allocated)  MmCm  Vs
      ffffb9061a603a20  0x50                (Free)       Abcd  Lfh
      """)
    #expect(view.text.contains("1 allocations of 2,592 bytes in use, by tag: MmCm 1"))
  }
}
