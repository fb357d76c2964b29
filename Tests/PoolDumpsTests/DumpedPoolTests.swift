import CrashDumps
import KernelPool
import PoolDebugger
import PoolTestSupport
import PoolTrace
import PoolWalk
import Testing

@testable import PoolDumps

/// What a dump of a machine shows is what the machine shows.
@Suite struct DumpedPoolTests {
  /// One of each family of recorded traces, and of those that break the pool.
  static let golden = [
    "small-00", "mixed-02", "aligned-00", "big-00", "bigfull-00", "both-00", "exhaust-02",
    "lookaside-00", "mmcm-00", "paged-00", "pgexpand-00", "tags-00", "bug-overflow-01-41-free-c",
    "bugx-overflow-size0", "bugx-freelink-redirect",
  ].flatMap { ["x86/\($0)", "x64/\($0)"] }

  private func pages(_ view: PoolView) -> [Address] {
    PoolWalker(view).areas.flatMap { area in
      (0..<area.pages).map { area.base + $0 << 12 }
    }
  }

  private func tables(_ view: PoolView) throws -> String {
    let memory = VirtualMemoryPrinter(view)
    return memory.text + memory.diagnosis + FragmentationPrinter(view).text
      + (try PoolUsedPrinter(view).text(flags: .verbose))
  }

  /// Pages that the dump shows otherwise than the model: some by themselves, then all.
  private func differences(_ own: PoolView, _ dumped: DumpedPool<DumpBytes>) -> [String] {
    let printer = PoolPagePrinter(own)
    func difference(_ view: PoolPagePrinter, _ address: Address) -> String? {
      let text = view.text(for: address, flags: .contents)
      let expected = printer.text(for: address, flags: .contents)
      return text == expected ? nil : "\(expected)\nand not\n\(text)"
    }
    let all = pages(own)
    let some = stride(from: 3, to: all.count, by: 97).compactMap { index in
      dumped.withPage(at: all[index]) { view, _ in difference(PoolPagePrinter(view), all[index]) }
    }
    guard dumped.loadAll(most: 1 << 30) else { return ["more than a gigabyte"] }
    let shown = PoolPagePrinter(dumped.view)
    return some + all.compactMap { difference(shown, $0) }
  }

  @Test(arguments: golden)
  func aRecordedStateIsShownAsTheModelShowsIt(_ name: String) throws {
    let machine = try DumpedMachine(try DumpedMachine.golden(name + ".trace"))
    let own = machine.replayer.pool.view
    let (header, space) = try DumpedMachine.space(machine.bytes)
    let dumped = try DumpedPool(header, space)
    #expect(dumped.isModel)
    #expect(differences(own, dumped).first == nil)
    #expect(try tables(dumped.view) == tables(own))
  }

  /// Every version's machine, in every form that it has.
  @Test(arguments: Profiles.all.map(\.name), MachineDump.Form.allCases)
  func everyVersionIsWritten(_ profile: String, _ form: MachineDump.Form) throws {
    let trace = """
      config profile=\(profile) nonpaged_pages=128 paged_pages=128 fill=on
      alloc 1 NonPaged 0x40 'Io  '
      alloc 2 NonPaged 0xf10 MmCm
      alloc 3 Paged 0x80 NtFs
      alloc 4 NonPaged 0x3210 Larg
      alloc 5 Paged 0x2800 Larg
      alloc 6 NonPaged 0x60 Irp
      free 1
      free 6
      """
    let wide = Profile.named(profile)?.wordBytes == 8
    guard !(wide && form.hasWideTables) else {
      #expect(throws: CrashDumpError.self) { _ = try DumpedMachine(trace, form: form) }
      return
    }
    let machine = try DumpedMachine(trace, form: form)
    let own = machine.replayer.pool.view
    let (header, space) = try DumpedMachine.space(machine.bytes)
    #expect(header.kind == form.kind)
    let dumped = try DumpedPool(header, space)
    #expect(differences(own, dumped).first == nil)
    let block = DebuggerData(at: header.debuggerData, is64Bit: header.is64Bit) {
      space.bytes(at: $0, most: $1)
    }
    #expect((block == nil) == (profile == "windows-2000-x86"))
    let text = block?.buildText { space.bytes(at: $0, most: $1) }
    #expect(text == (block == nil ? nil : "\(header.build).poolfuzz model of \(profile)"))
  }

  /// Without the model's own text the same is found by chains and by the debugger's block, but what no
  /// debugger's block names: which blocks are parked.
  @Test(arguments: golden.filter { !$0.contains("bug") })
  func withoutTheModelsWordsPagesAreFoundByTheirChains(_ name: String) throws {
    let machine = try DumpedMachine(try DumpedMachine.golden(name + ".trace"))
    let own = machine.replayer.pool.view
    let (header, space) = try DumpedMachine.space(machine.bytes)
    let profile = own.profile
    let dumped = try DumpedPool(header, space, profile: profile, heedsModel: false)
    #expect(!dumped.isModel)
    let walker = PoolWalker(own)
    var small: Set<Address> = []
    for area in walker.areas {
      walker.visitPages(of: area) { if case .smallBlocks(let page) = $0 { small.insert(page) } }
    }
    #expect(dumped.scan.poolPages == UInt64(small.count))
    let printer = PoolPagePrinter(own)
    #expect(dumped.loadAll(most: 1 << 30))
    let shown = PoolPagePrinter(dumped.view)
    for page in small
    where !walker.blocks(ofPage: page).blocks.contains(where: \.state.isParked) {
      #expect(shown.text(for: page) == printer.text(for: page))
    }
    // Every tag's small blocks, those that lists hold taken for blocks in use.
    var bytes: [PoolTag: UInt64] = [:]
    for page in small {
      for block in walker.blocks(ofPage: page).blocks where !block.state.isFree {
        bytes[block.header.tag.unprotected, default: 0] += block.byteCount
      }
    }
    let scanned = dumped.scan.tags.mapValues { $0.nonPaged.byteCount + $0.paged.byteCount }
    #expect(scanned.filter { $0.value > 0 } == bytes)
    #expect(TagRow.all(in: dumped.view) == TagRow.all(in: own))
  }

  /// Small blocks behind a large allocation are counted, and the tag table agrees with the scan.
  @Test(
    arguments: ["windows-7-x86", "windows-7-x64", "windows-8-x64", "windows-2003-x86"],
    [true, false])
  func theTagsOfTheScanAreThoseOfTheTable(_ profile: String, _ heedsModel: Bool) throws {
    let machine = try DumpedMachine(
      """
      config profile=\(profile) lookaside=0
      alloc 1 NonPaged 0x40 'Io  '
      alloc 2 NonPaged 0x1210 Larg
      alloc 3 NonPaged 0x80 Irp
      alloc 4 Paged 0x2210 Larg
      alloc 5 Paged 0x80 NtFs
      alloc 6 NonPaged 0x900 Irp

      """)
    let (header, space) = try DumpedMachine.space(machine.bytes)
    let pool = try DumpedPool(header, space, heedsModel: heedsModel)
    for row in TagRow.all(in: pool.view)
    where [PoolTag("Io"), PoolTag("Irp"), PoolTag("NtFs")].contains(row.tag) {
      let tally = pool.scan.tags[row.tag]
      #expect(tally?.nonPaged.byteCount ?? 0 == row.nonPaged.bytes, "\(row.tag)")
      #expect(tally?.paged.byteCount ?? 0 == row.paged.bytes, "\(row.tag)")
    }
    let large = pool.walker.bigPages.allocations.filter { $0.tag == PoolTag("Larg") }
    #expect(large.count == 2)
  }

  /// The comparison sees what is not the model's.
  @Test func aChangedHeaderIsSeen() throws {
    let machine = try DumpedMachine("alloc 1 NonPaged 0x40 'Io  '\nalloc 2 NonPaged 0x80 Irp\n")
    let own = machine.replayer.pool.view
    let page = try #require(own.smallBlockPages(.nonPaged).first)
    let (_, space) = try DumpedMachine.space(machine.bytes)
    guard case .mapped(let place) = space.translate(page),
      let offset = space.memory.offset(ofPage: place >> 12)
    else { return #expect(Bool(false), "the page is in the dump") }
    var bytes = machine.bytes
    bytes[Int(offset) + 4] ^= 1
    let (header, changed) = try DumpedMachine.space(bytes)
    #expect(differences(own, try DumpedPool(header, changed)).count == 1)
    // A size that leads nowhere: the scan does not find the page, and it is shown as a guess.
    bytes[Int(offset) + 2] = 0xFF
    let (_, broken) = try DumpedMachine.space(bytes)
    let pool = try DumpedPool(header, broken, profile: own.profile, heedsModel: false)
    #expect(
      pool.scan.poolPages + 1
        == UInt64(PoolKind.allCases.reduce(0) { $0 + own.smallBlockPages($1).count }))
  }

  @Test func theSameMachineIsTheSameDump() throws {
    let trace = try DumpedMachine.golden("x86/mixed-02.trace")
    let first = try DumpedMachine(trace, form: .full)
    let second = try DumpedMachine(trace, form: .full)
    #expect(first.bytes == second.bytes)
  }
}
