import PoolTestSupport
import Testing

@testable import KernelPool

/// How far the windows of the simulated memory reach, and which lines a store is noted in.
@Suite struct SimulatedMemoryTests {
  private typealias Window = SimulatedMemory.Window

  /// The addresses from which a word, two links and a block lie in windows that just hold them, and
  /// in those a byte shorter.
  @Test func bordersOfWindows() {
    let host = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 16)
    defer { host.deallocate() }
    let counts = ([0, 7, 8, 15, 16, 31, 32, 33] as [UInt64]).map { bytes in
      let window = Window(base: 0x1000, byteCount: bytes, host: host)
      return [window.wordStarts, window.entryStarts, window.blockStarts]
    }
    #expect(
      counts == [
        [0, 0, 0], [0, 0, 0], [1, 0, 0], [8, 0, 0], [9, 1, 0], [24, 16, 0], [25, 17, 1],
        [26, 18, 2],
      ])
  }

  /// A window that had nothing yet reaches exactly over what it is extended by: a word that begins
  /// before its end and ends behind it finds no memory there.
  @Test(arguments: Profiles.all)
  func nothingBehindAWindow(_ profile: Profile) throws {
    var test = try TestPool(profile) { $0.nonPagedPages = 16 }
    // Run lists hand out the end of the pool first, bitmaps its start.
    _ = try test.allocate(0x1000)
    if profile.nonPagedPages == .bitmap { _ = try test.allocate(15 << 12) }
    let state = test.pool.state
    let end = profile.nonPagedBase + 0x1_0000
    #expect(state.pointee.memory.blockInWindow(end - 0x1000) != nil)
    #expect((try? state.pointee.memory.load32(end - 4)) != nil)
    for address in end - 3..<end { #expect((try? state.pointee.memory.load32(address)) == nil) }
    for address in end - 7..<end { #expect((try? state.pointee.memory.load64(address)) == nil) }
  }

  /// The window follows what is handed out, but not over a stretch that would commit much memory.
  @Test(arguments: [Profile.windows2003x86, .windows7x64])
  func theWindowFollowsWhatIsHandedOut(_ profile: Profile) throws {
    let most: UInt64 = 1 << 16
    for pages in [most - 8, most + 1] {
      var test = try TestPool(profile) {
        $0.profile.pageBytes = 64
        $0.nonPagedPages = most + 64
      }
      let address = try test.allocate(pages << 6)
      let isFollowed = pages <= most
      let state = test.pool.state
      #expect((state.pointee.memory.blockInWindow(address) != nil) == isFollowed, "\(pages)")
      #expect(
        (state.pointee.memory.blockInWindow(address + (pages - 1) << 6) != nil) == isFollowed)
    }
  }

  /// A store through a host address is noted in the lines that it touches and in no other, in the
  /// nonpaged pool, in the kernel's data and beside both.
  @Test func storesThroughHostAddresses() throws {
    let pages: UInt64 = 32
    var test = try TestPool(.windows7x64) {
      // Directly below the nonpaged pool.
      $0.profile.pagedBase = $0.profile.nonPagedBase - pages << 12
      $0.pagedPages = pages
    }
    _ = try test.allocate(0x4000)
    let started = test.pool.startJournal()
    let journal = try #require(started)
    let profile = test.profile
    for base in [
      profile.nonPagedBase, profile.descriptorBase, profile.descriptorBase + 0x1_0000,
      profile.pagedBase, profile.nonPagedBase - 0x1000,
    ] {
      for (offset, width) in [(0x40, 8), (0x7C, 8), (0xB8, 8), (0xFC4, 4), (0x100, 16)]
        as [(UInt64, UInt64)]
      {
        journal.clear()
        test.pool.state.pointee.memory.noteStore(base + offset, width)
        let noted = journal.chunks.map { [$0.address, $0.lines] }
        let lines = UInt64(1) << (offset >> 6) | 1 << ((offset + width - 1) >> 6)
        #expect(noted == [[base, lines]])
      }
    }
  }
}
