import KernelPool
import PoolTestSupport
import PoolWalk
import PropertyTesting
import Testing

@testable import PoolDebugger

/// What every listing of a sound page has: blocks without gaps, each previous size the size before,
/// sizes that add up to a page.
@Suite struct ListingSoundnessTests {
  @Test(arguments: Profiles.all.map(\.name))
  func listingsTilePages(_ name: String) throws {
    let profile = try #require(Profile.named(name))
    var fixture = try TestPool(printed: profile, nonPagedPages: 256, lookasideDepth: 4)
    try churn(&fixture, seed: 7)
    let walker = PoolWalker(fixture.view)
    let printer = PoolPagePrinter(fixture.view)
    var pages = 0
    for area in walker.areas {
      walker.visitPages(of: area) { use in
        guard case .smallBlocks(let page) = use else { return }
        pages += 1
        check(printer.text(for: page + 0x20), page)
      }
    }
    #expect(pages > 5)
  }

  /// The checks themselves must be able to fail.
  @Test func aGapIsSeen() throws {
    let blocks = try BlockLineReader.blocks(
      in: """
        *fa808000 size:  a20 previous size:    0  (Free)      *MFE0
         fa808a38 size:  5c8 previous size:   18  (Free)       NtFs
        """)
    #expect(defects(blocks, page: 0xFA80_8000) == ["gap", "previous size", "sum"])
    #expect(throws: BlockLineReader.NotABlockLine.self) {
      try BlockLineReader.blocks(in: " fa808000 size:  a20 previous size:    0  (Freed)   MFE0")
    }
  }

  private func check(_ listing: String, _ page: Address) {
    do {
      let blocks = try BlockLineReader.blocks(in: listing)
      #expect(defects(blocks, page: page).isEmpty, "\(listing)")
      #expect(blocks.filter(\.isMarked).count == 1, "\(listing)")
    } catch {
      Issue.record(error)
    }
  }

  private func defects(_ blocks: [BlockLineReader.Block], page: Address) -> [String] {
    var defects: [String] = []
    if blocks.first?.address != page || blocks.first?.previousSize != 0 { defects.append("first") }
    let pairs = zip(blocks, blocks.dropFirst())
    if !pairs.allSatisfy({ $0.address + $0.size == $1.address }) { defects.append("gap") }
    if !pairs.allSatisfy({ $0.size == $1.previousSize }) { defects.append("previous size") }
    if blocks.reduce(0, { $0 + $1.size }) != 0x1000 { defects.append("sum") }
    return defects
  }

  private func churn(_ fixture: inout TestPool, seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    var live: [Address] = []
    for _ in 0..<600 {
      if live.count > 40 || (!live.isEmpty && Bool.random(using: &generator)) {
        try fixture.free(live.remove(at: Int.random(in: 0..<live.count, using: &generator)))
      } else {
        let bytes = UInt64.random(in: 1...0xE00, using: &generator)
        let type: PoolType = Bool.random(using: &generator) ? .paged : .nonPaged
        live.append(try fixture.allocate(bytes, type, tag: PoolTag("Test")))
      }
    }
  }
}
