import Foundation
import KernelPool
import PoolDebugger
import PoolOracles
import PoolReconstruction
import PoolTrace
import Testing

/// A listing becomes a trace, the trace is replayed with every check on, and what is printed then
/// must be the listing, block by block.
@Suite struct PageReconstructionTests {
  /// What must come out equal of a block. Tags read as printed; a tag that the copy lost is free.
  private struct Essence: Hashable, CustomStringConvertible {
    var address: UInt64
    var size: UInt64
    var previousSize: UInt64
    var state: ListedBlock.State
    var tag: String
    var isProtected: Bool

    init(_ block: ListedBlock) {
      address = block.address
      size = block.sizeBytes
      previousSize = block.previousSizeBytes
      // poolinfo calls parked blocks free but shows that they keep their pool type.
      state =
        block.state == .free && block.poolType ?? 0 != 0 ? .freeOnLookaside : block.state
      tag = block.tag?.description ?? "????"
      isProtected = block.isProtected
    }

    var description: String {
      "\(String(address, radix: 16)) size \(String(size, radix: 16)) previous"
        + " \(String(previousSize, radix: 16)) \(state) '\(tag)'"
    }
  }

  private static let listings = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("PoolDebuggerTests/Listings")

  private static func inspect(_ name: String) throws -> [CheckedListing] {
    let text = try String(
      contentsOf: listings.appendingPathComponent(name), encoding: .utf8)
    return read(text, source: name)
  }

  private static func read(_ text: String, source: String = "text") -> [CheckedListing] {
    var inspection = Inspection()
    inspection.read(text: text, source: source)
    return inspection.report().listings
  }

  private static func blocks(_ listings: [CheckedListing]) -> Set<Essence> {
    var blocks: Set<Essence> = []
    for checked in listings {
      switch checked.listing.content {
      case .pool(let page), .poolInfoPage(let page): blocks.formUnion(page.blocks.map(Essence.init))
      default: break
      }
    }
    return blocks
  }

  /// Replays lines and reads what `!pool` prints of the pages.
  private static func printed(
    _ lines: some Sequence<WorkloadLine>, _ pages: [Address]
  ) throws -> Set<Essence> {
    try session(lines) { session in
      let printer = PoolPagePrinter(session.view)
      var inspection = Inspection()
      for page in pages { inspection.read(text: printer.text(for: page), source: "replay") }
      return blocks(inspection.report().listings)
    }
  }

  /// Replays lines with every check on and looks at the end.
  private static func session<Answer>(
    _ lines: some Sequence<WorkloadLine>, _ look: (borrowing ReplaySession) -> Answer
  ) throws -> Answer {
    var bytes: [UInt8] = []
    for line in lines { line.append(to: &bytes) }
    let operations = try TraceParser.operations(in: String(decoding: bytes, as: UTF8.self))
    var configuration = TraceConfiguration()
    if case .config(let own)? = operations.first { configuration = own }
    var session = try ReplaySession.boot(configuration, level: .full)
    for operation in operations { _ = session.step(operation) }
    session.finish()
    #expect(session.outcome == .ok)
    return look(session)
  }

  private static let classicSamples = [
    "001-win7x86-natural-nonpaged-page.txt", "002-win7x86-event-spray-free-hole.txt",
    "003-win7x86-hack-between-events.txt", "004-win7x86-ioco-alternating-holes.txt",
    "016-xpx86-docs-pool-e1001050-excerpt.txt", "018-vista7x86-docs-bug_-flag2.txt",
    "020-win10x64-prers5-hack-even-alternating.txt", "028-win7x86-event-40-flag2.txt",
    "034-win7x86-txfp-devi-full-page.txt", "035-win7x86-qrnt-808-8byte-free.txt",
    "044-win7x64-thre-protected-flag2.txt", "331-poolpage-win81x64-poolinfo.txt",
    "incident/pool-pages.txt", "incident/mmcm.txt",
  ]

  @Test(arguments: classicSamples)
  func aReplayEndsWithTheListedPages(_ name: String) throws {
    let listings = try Self.inspect(name)
    let listed = Self.blocks(listings)
    #expect(!listed.isEmpty)
    let isWide = listed.allSatisfy { $0.address > 0xFFFF_FFFF }
    let profiles: [Profile] =
      isWide
      ? [.windows2003x64, .windows7x64, .windows8x64]
      : [.windowsXPx86, .windows2003x86, .windows7x86]
    for profile in profiles {
      let reconstruction = try PageReconstruction(listings, profile: profile)
      let printed = try Self.printed(reconstruction.lines, reconstruction.pages)
      #expect(
        listed.isSubset(of: printed),
        "\(profile.name): missing \(listed.subtracting(printed).map(\.description).sorted())")
    }
  }

  @Test func everyClassicSampleOfTheCatalogueIsAmongThem() throws {
    let catalogue = try String(
      contentsOf: Self.listings.appendingPathComponent("expected.tsv"), encoding: .utf8)
    var classic: [String] = []
    for row in catalogue.split(separator: "\n") {
      let fields = row.split(separator: "\t").map(String.init)
      if fields.count > 3, fields[2] == "classic", ["healthy", "incomplete"].contains(fields[3]) {
        classic.append(fields[0])
      }
    }
    #expect(Set(classic).isSubset(of: Set(Self.classicSamples)))
    #expect(classic.count > 10)
  }

  /// The comparison is worth something only if it sees what is missing.
  @Test func aTraceWithoutItsLastFreeIsNotTheListing() throws {
    let listings = try Self.inspect("incident/pool-pages.txt")
    let reconstruction = try PageReconstruction(listings, profile: nil)
    let printed = try Self.printed(reconstruction.lines.dropLast(), reconstruction.pages)
    #expect(!Self.blocks(listings).isSubset(of: printed))
  }

  @Test func largeAllocationsLieBesideThePages() throws {
    let text = """
      Pool page 85001000 region is Nonpaged pool
      *85001000 : large page allocation, tag is Abcd, size is 0x3000 bytes
      Pool page 85009000 region is Nonpaged pool
      *85009000 size:  ff8 previous size:    0  (Allocated) *Even
       85009ff8 size:    8 previous size:  ff8  (Free)      ....
      Pool page e1004000 region is Paged pool
      *e1004000 : large page allocation, tag is Efgh, size is 0x2000 bytes
      """
    let listings = Self.read(text)
    for profile in [Profile.windowsXPx86, .windows2003x86, .windows7x86] {
      let reconstruction = try PageReconstruction(listings, profile: profile)
      #expect(reconstruction.pages == [0x8500_1000, 0x8500_9000, 0xE100_4000])
      let large = try Self.session(reconstruction.lines) { session in
        let printer = PoolPagePrinter(session.view)
        return reconstruction.pages.map { printer.text(for: $0) }
      }
      #expect(large[0].contains("ag is Abcd, size is 0x3000 bytes"), "\(profile.name)")
      #expect(large[1].contains("85009000 size:  ff8"), "\(profile.name)")
      #expect(large[2].contains("ag is Efgh, size is 0x2000 bytes"), "\(profile.name)")
    }
  }

  @Test func aFragTailAloneBringsItsAllocationWithIt() throws {
    let tail = try Self.inspect("049-win7x64-frag-free-after-large.txt")
    let whole = """
      Pool page fffffa800dba6fb0 region is Nonpaged pool
      *fffffa800dba6e00 size:   10 previous size:    0  (Allocated) *Frag
       fffffa800dba6e10 size:   40 previous size:   10  (Free)       Frag
       fffffa800dba6e50 size:  120 previous size:   40  (Allocated)  Even
       fffffa800dba6f70 size:   90 previous size:  120  (Free)       Frag
      """
    for listings in [tail, Self.read(whole)] {
      let listed = Self.blocks(listings)
      let reconstruction = try PageReconstruction(listings, profile: nil)
      let printed = try Self.printed(reconstruction.lines, reconstruction.pages)
      #expect(!listed.isEmpty)
      #expect(listed.isSubset(of: printed), "\(printed)")
      let error = #expect(throws: ReconstructionError.self) {
        try PageReconstruction(listings, profile: .windows2003x64)
      }
      #expect(error?.message.contains("leaves no Frag block") == true)
    }
  }

  @Test func aTailIsThatOfTheAllocationListedBeforeIt() throws {
    func listings(_ tailOffset: String) -> [CheckedListing] {
      Self.read(
        """
        Pool page fffffa800dba4000 region is Nonpaged pool
        *fffffa800dba4000 : large page allocation, tag is Abcd, size is 0x2fa0 bytes
        Pool page fffffa800dba6\(tailOffset) region is Nonpaged pool
        *fffffa800dba6\(tailOffset) size:   10 previous size:    0  (Allocated) *Frag
        Pool page fffffa800dba9000 region is Nonpaged pool
        *fffffa800dba9000 size:  800 previous size:    0  (Allocated) *Even
         fffffa800dba9800 size:  800 previous size:  800  (Free)      ....
        """)
    }
    let reconstruction = try PageReconstruction(listings("fa0"), profile: nil)
    let printed = try Self.printed(reconstruction.lines, reconstruction.pages)
    #expect(Self.blocks(listings("fa0")).isSubset(of: printed), "\(printed)")
    let error = #expect(throws: ReconstructionError.self) {
      try PageReconstruction(listings("f80"), profile: nil)
    }
    #expect(error?.message.contains("Frag block is not where") == true)
  }

  @Test func parkedBlocksArePrintedAsParked() throws {
    let text = """
      Pool page 85001000 region is Nonpaged pool
      *85001000 size:   40 previous size:    0  (Allocated) *Even
       85001040 size:   40 previous size:   40  (Free )  Even
       85001080 size:   40 previous size:   40  (Allocated)  Even
       850010c0 size:   40 previous size:   40  (Free)      Even
       85001100 size:  f00 previous size:   40  (Allocated)  Rest
      """
    let listings = Self.read(text)
    for profile in [Profile.windows2003x86, .windows7x86] {
      let reconstruction = try PageReconstruction(listings, profile: profile)
      let printed = try Self.printed(reconstruction.lines, reconstruction.pages)
      #expect(Self.blocks(listings).isSubset(of: printed), "\(profile.name) \(printed)")
    }
  }

  @Test func whatRequestsCannotMakeIsRefusedInWords() throws {
    func message(_ text: String, _ profile: Profile? = nil) throws -> String {
      let listings = Self.read(text)
      let error = #expect(throws: ReconstructionError.self) {
        try PageReconstruction(listings, profile: profile)
      }
      return error?.message ?? ""
    }
    #expect(try message("nothing").contains("no listing"))
    let corrupt = """
      Pool page 85001000 region is Nonpaged pool
      *85001000 size:   40 previous size:    0  (Allocated) *Even
       85001040 size:   40 previous size:   48  (Allocated)  Even
       85001080 size:  f80 previous size:   40  (Allocated)  Even
      """
    #expect(try message(corrupt).contains("is corrupt"))
    let page = try String(
      contentsOf: Self.listings.appendingPathComponent("incident/pool-pages.txt"), encoding: .utf8)
    #expect(try message(page, .reactosX86).contains("fits exactly"))
    #expect(try message(page, .windows7x64).contains("another width"))
    let segment = try String(
      contentsOf: Self.listings.appendingPathComponent("005-win10x64-vs-anor-3c0-page0.txt"),
      encoding: .utf8)
    #expect(try message(segment).contains("no page of the classic pool"))
  }
}
