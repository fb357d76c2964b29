import CrashDumps
import KernelPool
import PoolDebugger
import PoolTestSupport
import PoolTrace
import PoolWalk
import Testing

@testable import PoolDumps

/// Dumps that are cut or damaged: an answer or a refusal in words, never a trap, and in bounded time.
@Suite struct BadDumpTests {
  private static let forms: [(profile: String, form: MachineDump.Form)] = [
    ("windows-2003-x86", .full), ("windows-xp-x86", .bitmapWithWideTables),
    ("windows-7-x64", .bitmap), ("windows-8-x64", .kernel),
  ]

  private func machine(_ profile: String, _ form: MachineDump.Form) throws -> [UInt8] {
    try DumpedMachine(
      """
      config profile=\(profile) nonpaged_pages=48 paged_pages=32 session_pages=32 tracker=64 bigtable=64
      alloc 1 NonPaged 0x40 'Io  '
      alloc 2 NonPaged 0xf10 MmCm
      alloc 3 Paged 0x80 NtFs
      alloc 4 NonPaged 0x2210 Larg
      """, form: form
    ).bytes
  }

  /// Opens a dump and looks at all that it shows; false where it is refused.
  @discardableResult private func isRead(_ bytes: [UInt8]) -> Bool {
    guard let (header, space) = try? DumpedMachine.space(bytes) else { return false }
    var wasRead = false
    for heedsModel in [true, false] {
      guard let pool = try? DumpedPool(header, space, heedsModel: heedsModel) else { continue }
      wasRead = true
      #expect(pool.scan.mappedPages <= 8 * space.memory.pageCount + 1 << 20)
      if pool.loadAll(most: 1 << 24) { _ = FragmentationPrinter(pool.view).text }
      _ = VirtualMemoryPrinter(pool.view).text
      pool.withPage(at: 0x8200_0000) { view, _ in _ = PoolPagePrinter(view).text(for: 0x8200_0000) }
    }
    return wasRead
  }

  @Test(arguments: 0..<forms.count) func aCutDumpIsRefused(_ index: Int) throws {
    let bytes = try machine(Self.forms[index].profile, Self.forms[index].form)
    #expect(isRead(bytes))
    for piece in 0..<64 {
      let cut = Array(bytes[..<(bytes.count * piece / 64)])
      #expect(throws: CrashDumpError.self) { _ = try DumpedMachine.space(cut) }
    }
  }

  /// Words of the header, of the map behind it and of the model's text at their extremes.
  @Test(arguments: TestScale.sample(Array(0..<forms.count), 3))
  func everyWordOfTheHeaderMayBeAnything(_ index: Int) throws {
    let (profile, form) = Self.forms[index]
    let bytes = try machine(profile, form)
    let isWide = bytes.starts(with: Array("PAGEDU64".utf8))
    var places = Array(stride(from: 0, to: isWide ? 0xE0 : 0xC0, by: 4))
    places += isWide ? [0xF98, 0xFB0, 0xFC8] : [0x820, 0x838, 0xF88]
    let map = isWide ? 0x2000 : 0x1000
    if form != .full { places += Array(stride(from: map, to: map + 0x40, by: 4)) }
    for place in places {
      for value in TestScale.sample([0, 0xFF, 0x7F] as [UInt8], 2) {
        var changed = bytes
        for offset in 0..<4 { changed[place + offset] = value }
        isRead(changed)
      }
    }
  }

  /// Every table's entries lead back to the root, or to one page.
  @Test(arguments: 0..<forms.count) func loopsInPageTablesEnd(_ index: Int) throws {
    let bytes = try machine(Self.forms[index].profile, Self.forms[index].form)
    let (header, space) = try DumpedMachine.space(bytes)
    let root = header.directoryBase & ~0xFFF
    var tables: Set<UInt64> = []
    let mode = try #require(header.mode)
    // The tables of the model lie one behind the other, the root first of what was handed out.
    for page in root >> 12..<root >> 12 + 400
    where space.memory.offset(ofPage: page) != nil { tables.insert(page) }
    for target in [root, root + 0x1000, 0xFF_F000] {
      var changed = bytes
      for page in tables {
        guard let offset = space.memory.offset(ofPage: page) else { continue }
        let width = mode == .x86 ? 4 : 8
        for entry in stride(from: Int(offset), to: Int(offset) + 0x1000, by: width) {
          for byte in 0..<width {
            changed[entry + byte] = UInt8(truncatingIfNeeded: (target | 0x63) >> UInt64(8 * byte))
          }
        }
      }
      isRead(changed)
    }
  }

  @Test func aModelsTextIsHeldAgainstWhatItMayBe() {
    let whole = """
      poolfuzz machine 1
      config profile=windows-2003-x86
      variable tag-table 82000000
      descriptor 0 0 80500000 80500030
      lookaside 3 82001000 1 4
      range 0 1 82000000 30000 81000000

      """
    #expect(MachineRoots(whole) != nil)
    let bad = [
      ("poolfuzz machine 1", "poolfuzz machine 2"), ("profile=windows-2003-x86", "profile=dos"),
      ("tag-table", "tag-tables"), ("descriptor 0", "descriptor 9"),
      ("82000000 30000", "82000000 0"), ("82000000 30000", "82000000 ffffffffffffffff"),
      ("82000000 30000", "82000001 30000"), ("range", "ranges"),
      ("lookaside 3", "lookaside x"),
    ]
    for (right, wrong) in bad {
      #expect(MachineRoots(whole.replacing(right, with: wrong)) == nil, "\(wrong)")
    }
  }
}
