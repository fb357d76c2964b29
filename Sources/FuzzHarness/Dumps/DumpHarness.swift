import CrashDumps
import KernelPool
import PoolDebugger
import PoolDumps
import PoolTrace
import PoolWalk

/// Fuzzes the readers of crash dumps: header, page maps, page tables, the debugger's block, the
/// model's own text, the scan, the walk and the printing behind them.
///
/// A dump is longer than an input should be, so an input is a dump of the writer's with changes: the
/// first byte chooses the machine and the container, then every eight bytes change a word or cut the
/// file. Its laws: nothing crashes or takes long; what a walk says of a header stands in memory where
/// the page tables lead; and a dump that nothing was changed in shows the pages that the model shows.
public final class DumpHarness: FuzzHarness {
  /// A machine's dump, and what its pages look like.
  private struct Written {
    let bytes: [UInt8]
    let page: Address
    let listing: String
  }

  private let isPlanted: Bool
  private let written: [Written]

  /// A harness; planted, a header is looked for eight bytes behind its place.
  public init(isPlanted: Bool = false) {
    self.isPlanted = isPlanted
    let machines: [(String, MachineDump.Form)] = [
      ("windows-2003-x86", .full), ("windows-2003-x86", .bitmapWithWideTables),
      ("windows-7-x64", .bitmap), ("windows-8-x64", .kernel), ("reactos-x64", .full),
      ("windows-2000-x86", .bitmap),
    ]
    written = machines.compactMap { Self.write($0.0, $0.1) }
    precondition(written.count == machines.count, "every machine has its dump")
  }

  private static func write(_ profile: String, _ form: MachineDump.Form) -> Written? {
    let trace = """
      config profile=\(profile) nonpaged_pages=64 paged_pages=64 \
      tracker=64 bigtable=64
      alloc 1 NonPaged 0x40 'Io  '
      alloc 2 NonPaged 0xf10 MmCm
      alloc 3 Paged 0x80 NtFs
      alloc 4 NonPaged 0x2210 Larg
      alloc 5 NonPaged 0x60 Irp
      free 1

      """
    var parser = TraceParser(trace)
    guard case .operation(.config(let configuration)) = parser.next(),
      var replayer = try? Replayer.boot(configuration)
    else { return nil }
    while case .operation(let operation) = parser.next() { _ = replayer.step(operation) }
    let view = replayer.pool.view
    let walker = PoolWalker(view)
    var page: Address?
    for area in walker.areas where page == nil {
      walker.visitPages(of: area) { if case .smallBlocks(let found) = $0 { page = page ?? found } }
    }
    guard let page,
      let dump = try? MachineDump(view, configuration, halted: nil, form: form)
    else { return nil }
    var bytes: [UInt8] = []
    guard (try? dump.write { bytes += $0 }) != nil else { return nil }
    return Written(bytes: bytes, page: page, listing: PoolPagePrinter(view).text(for: page))
  }

  /// Runs an input.
  public func run(_ bytes: UnsafeRawBufferPointer) -> FuzzFinding? {
    let chosen = written[Int(bytes.first ?? 0) % written.count]
    var dump = chosen.bytes
    var place = 1
    while place + 8 <= bytes.count {
      change(&dump, Array(bytes[place..<place + 8]))
      place += 8
    }
    let source = DumpBytes(dump)
    guard let header = try? DumpHeader(source), let mode = header.mode,
      let memory = try? PhysicalMemory(header, source)
    else {
      return dump == chosen.bytes
        ? FuzzFinding(rule: "dump.refused", text: "what was written is not read") : nil
    }
    let space = AddressSpace(memory, mode, directoryBase: header.directoryBase)
    var finding: FuzzFinding?
    for heedsModel in [true, false] where finding == nil {
      guard let pool = try? DumpedPool(header, space, heedsModel: heedsModel) else { continue }
      finding = check(pool, space)
      if finding == nil, heedsModel, dump == chosen.bytes {
        let shown = pool.withPage(at: chosen.page) { view, _ in
          PoolPagePrinter(view).text(for: chosen.page)
        }
        if shown != chosen.listing {
          finding = FuzzFinding(rule: "dump.page", text: "another page than the model's: \(shown)")
        }
      }
    }
    return finding
  }

  /// A record: two bits of the first byte say what it does, then come a place of three bytes and a word
  /// of four.
  private func change(_ dump: inout [UInt8], _ record: [UInt8]) {
    guard !dump.isEmpty else { return }
    let place = record[1...3].reversed().reduce(0) { $0 << 8 | Int($1) } % dump.count
    switch record[0] & 3 {
    case 0: dump.removeLast(dump.count - place)
    case 1: dump[place] = record[4]
    default:
      for index in 0..<4 where place + index < dump.count {
        dump[place + index] = record[4 + index]
      }
    }
  }

  /// The first pages of every pool: what the walk says of a header is what the page tables lead to.
  private func check(
    _ pool: DumpedPool<DumpBytes>, _ space: AddressSpace<DumpBytes>
  ) -> FuzzFinding? {
    guard pool.loadAll(most: 1 << 22) else { return nil }
    _ = VirtualMemoryPrinter(pool.view).text
    let header = pool.view.profile.header
    var finding: FuzzFinding?
    var pages = 0
    for area in pool.walker.areas {
      pool.walker.visitPages(of: area) { use in
        guard case .smallBlocks(let page) = use, finding == nil, pages < 64 else { return }
        pages += 1
        for block in pool.walker.blocks(ofPage: page).blocks {
          let place = block.address &+ (isPlanted ? 8 : 0)
          let word = DumpPage.word(space.bytes(at: place, most: 4))
          guard header.blockSize.get(UInt32(truncatingIfNeeded: word)) == block.header.units else {
            finding = FuzzFinding(
              rule: "dump.header",
              text: "a header at 0x\(String(block.address, radix: 16)) that is not in memory")
            return
          }
        }
      }
    }
    return finding
  }
}
