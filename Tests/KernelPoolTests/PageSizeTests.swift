import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

/// Pages and units of other sizes: nothing in the model assumes 4096 bytes.
@Suite struct PageSizeTests {
  static let pageSizes: [UInt64] = [64, 128, 512, 4096]

  private func pool(_ profile: Profile, _ pageBytes: UInt64) throws -> TestPool {
    try TestPool(profile) {
      $0.profile.pageBytes = pageBytes
      $0.nonPagedPages = 512
      $0.pagedPages = 512
      $0.sessionPages = 128
    }
  }

  /// Three units of 32 bytes are too few for a page of 64 with a header each.
  private static let small = Profiles.all.filter { $0.unitBytes <= 16 }

  @Test(arguments: small, pageSizes)
  func theFormulaFollowsThePage(_ profile: Profile, _ pageBytes: UInt64) throws {
    var test = try pool(profile, pageBytes)
    let limit = pageBytes - test.headerBytes - test.unit
    #expect(test.profile.largestSmallRequest == limit)
    let largest = try test.allocate(limit)
    let blocks = try test.blocks(ofPageWith: largest)
    #expect(blocks.map(\.units) == [pageBytes / test.unit - 1, 1])
    let page = try test.allocate(limit + 1)
    #expect(page % pageBytes == 0)
    try test.free(largest)
    try test.free(page)
    #expect(test.view.smallBlockPages(.nonPaged).isEmpty)
  }

  @Test(arguments: Profiles.all, pageSizes)
  func churnLeavesNothingBehind(_ profile: Profile, _ pageBytes: UInt64) throws {
    guard profile.unitBytes * 4 <= pageBytes else { return }
    var test = try pool(profile, pageBytes)
    var random = SplitMix64(seed: pageBytes)
    var live: [Address] = []
    for _ in 0..<300 {
      if live.count > 40 || (!live.isEmpty && random.next(below: 3) == 0) {
        try test.free(live.remove(at: Int(random.next(below: UInt64(live.count)))))
        continue
      }
      let type: PoolType = random.next(below: 2) == 0 ? .nonPaged : .paged
      let block = try test.allocate(random.next(below: pageBytes * 2), type)
      // Tails of large allocations are not tiled from their page's start.
      if test.view.marks(ofPageAt: block)?.contains(.smallBlocks) ?? false {
        let blocks = try test.blocks(ofPageWith: block)
        #expect(blocks.reduce(0) { $0 + $1.units } * test.unit == pageBytes)
      }
      live.append(block)
    }
    for block in live { try test.free(block) }
    #expect(test.view.smallBlockPages(.nonPaged).isEmpty)
    #expect(test.view.smallBlockPages(.paged).isEmpty)
    #expect(test.view.variables.bigTableInUse == 0)
  }

  /// A page of eight small units, block by block.
  @Test func aPageOfEightUnits() throws {
    var test = try pool(.windows2003x86, 64)
    let blocks = try [8, 8, 8].map { try test.allocate($0) }
    #expect(blocks.map { $0 % 64 } == [8, 56, 40])
    let page = try test.blocks(ofPageWith: blocks[0])
    #expect(page.map(\.units) == [2, 2, 2, 2])
    #expect(page.map { $0.type == 0 } == [false, true, false, false])
    let last = try test.allocate(8)
    #expect(last % 64 == 24, "an exact fit")
    for block in blocks + [last] { try test.free(block) }
    #expect(test.view.smallBlockPages(.nonPaged).isEmpty)
  }

  /// Combinations that cannot hold what is stored are refused with a message.
  @Test func impossibleGeometries() {
    let changes: [(String, @Sendable (inout Profile) -> Void)] = [
      ("page_bytes", { $0.pageBytes = 100 }), ("page_bytes", { $0.pageBytes = 32 }),
      ("unit_bytes", { $0.unitBytes = 12 }),
      (
        "units",
        {
          $0.unitBytes = 64; $0.pageBytes = 64
        }
      ),
      ("smallest block", { $0.smallestBlockUnits = 1 }),
      ("list heads", { $0.descriptor.bytesWithLock = 0x800 }),
      ("big-page table", { $0.bigEntryBytes = 8 }), ("tag table", { $0.trackerRowBytes = 16 }),
      ("links", { $0.smallestListedUnits = 1 }), ("largest small", { $0.smallRequestLimit = 4096 }),
      (
        "size field",
        {
          $0.header = .x64; $0.smallestBlockUnits = 4; $0.smallestListedUnits = 4
        }
      ),
      ("lookaside", { $0.lookasideClasses = 0 }),
      ("paged descriptors", { $0.pagedDescriptors = 18 }),
    ]
    for (text, change) in changes {
      do {
        _ = try TestPool(.windows2003x86) { change(&$0.profile) }
        Issue.record("nothing wrong with \(text)")
      } catch let error as ConfigurationError {
        #expect(error.message.contains(text))
      } catch {
        Issue.record("\(error)")
      }
    }
  }
}
