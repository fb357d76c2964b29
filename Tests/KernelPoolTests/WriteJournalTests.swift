import Foundation
import PoolTestSupport
import PropertyTesting
import Testing

@testable import KernelPool

@Suite("The journal of stores")
struct WriteJournalTests {
  /// All bytes of every region, and all marks, as they are.
  private static func snapshot(_ pool: borrowing KernelPool) -> [[UInt8]] {
    var bytes: [[UInt8]] = []
    for index in 0..<pool.state.pointee.memory.regionCount {
      let region = pool.state.pointee.memory.regions[index]
      bytes.append(
        Array(UnsafeRawBufferPointer(start: region.host, count: Int(region.byteCount))))
    }
    return bytes
  }

  private static func marks(_ pool: borrowing KernelPool) -> [[UInt8]] {
    (0..<pool.state.pointee.memory.regionCount).map { index in
      let region = pool.state.pointee.memory.regions[index]
      guard region.kind != nil else { return [] }
      // That a page was looked at is no news.
      return UnsafeBufferPointer(
        start: region.marksPointer, count: Int(region.byteCount >> region.pageShift)
      ).map { $0 & ~PageMarks.touched.rawValue }
    }
  }

  /// Addresses of changed bytes that no line covers, and of changed marks that no note names.
  private static func missed(
    _ pool: borrowing KernelPool, _ journal: WriteJournal, _ bytesBefore: [[UInt8]],
    _ marksBefore: [[UInt8]]
  ) -> [Address] {
    var lines: Set<Address> = []
    for chunk in journal.chunks {
      for line in 0..<64 as Range<UInt64> where chunk.lines >> line & 1 != 0 {
        lines.insert(chunk.address + line * 64)
      }
    }
    let pages = Set(journal.markedPages)
    var missed: [Address] = []
    let marks = marks(pool)
    for index in 0..<pool.state.pointee.memory.regionCount {
      let region = pool.state.pointee.memory.regions[index]
      for line in changedLines(region, bytesBefore[index]) {
        // A page's stamp, and a page that lost its mapping, are told by its marks.
        let page = line & ~(1 << region.pageShift - 1)
        if !lines.contains(line), !pages.contains(page) { missed.append(line) }
      }
      for page in marks[index].indices where marks[index][page] != marksBefore[index][page] {
        let address = region.base + UInt64(page) << region.pageShift
        if !pages.contains(address) { missed.append(address) }
      }
    }
    return missed
  }

  /// The lines of a region whose bytes differ from before.
  private static func changedLines(_ region: MemoryRegion, _ before: [UInt8]) -> [Address] {
    var changed: [Address] = []
    before.withUnsafeBytes { old in
      guard let start = old.baseAddress else { return }
      for chunk in stride(from: 0, to: old.count, by: 4096)
      where memcmp(start + chunk, region.host + chunk, min(4096, old.count - chunk)) != 0 {
        for line in stride(from: chunk, to: min(chunk + 4096, old.count), by: 64)
        where memcmp(start + line, region.host + line, min(64, old.count - line)) != 0 {
          changed.append(region.base + UInt64(line))
        }
      }
    }
    return changed
  }

  private static func pool(_ profile: Profile) throws -> KernelPool {
    var configuration = PoolConfiguration.small(profile, nonPagedPages: 48)
    configuration.maximumNonPagedPages = 56
    configuration.expansion = .lowestFirst
    configuration.pagedPages = 24
    configuration.contiguousPages = 8
    configuration.trackerEntries = 64
    return try KernelPool.boot(configuration)
  }

  @Test("every byte and every mark that an operation changes is noted", arguments: Profiles.all)
  func everyChangeIsNoted(_ profile: Profile) throws {
    var pool = try Self.pool(profile)
    let started = pool.startJournal()
    let journal = try #require(started)
    var random = SplitMix64(seed: 7)
    var held: [Address] = []
    for _ in 0..<60 where pool.halted == nil {
      let bytesBefore = Self.snapshot(pool)
      let marksBefore = Self.marks(pool)
      journal.clear()
      if !held.isEmpty, random.next(below: 100) < 40 {
        _ = pool.free(held.remove(at: Int(random.next(below: UInt64(held.count)))))
      } else {
        let bytes =
          random.next(below: 3) == 0 ? random.next(below: 12_000) : random.next(below: 900)
        let type: PoolType = [.nonPaged, .paged, .quota][Int(random.next(below: 3))]
        let outcome = pool.allocate(type, bytes: bytes, tag: PoolTag("Test"))
        if case .address(let address) = outcome {
          held.append(address)
          let pattern = [UInt8](repeating: 0xA5, count: Int(min(bytes, 5000)))
          _ = pattern.withUnsafeBytes { pool.write(address, $0) }
        }
      }
      #expect(Self.missed(pool, journal, bytesBefore, marksBefore) == [])
    }
    #expect(held.count > 5)
  }

  @Test("a store is one line, across a border two, and clearing forgets them")
  func linesAreExact() throws {
    var pool = try Self.pool(.windows2003x86)
    let started = pool.startJournal()
    let journal = try #require(started)
    let base = pool.profile.nonPagedBase
    _ = [UInt8](repeating: 1, count: 4).withUnsafeBytes { pool.write(base + 0x10C0, $0) }
    #expect(journal.chunks.count == 1)
    #expect(journal.chunks[0].address == base + 0x1000)
    #expect(journal.chunks[0].lines == 1 << 3)
    _ = [UInt8](repeating: 1, count: 4).withUnsafeBytes { pool.write(base + 0x10FE, $0) }
    #expect(journal.chunks[0].lines == 1 << 3 | 1 << 4)
    journal.clear()
    #expect(journal.chunks.count == 0)
    _ = [UInt8](repeating: 1, count: 4).withUnsafeBytes { pool.write(base + 0x1000, $0) }
    #expect(journal.chunks.count == 1 && journal.chunks[0].lines == 1)
  }

  @Test("a store over several chunks notes every line of it and no other")
  func longStoresAreExact() throws {
    var pool = try Self.pool(.windows2003x86)
    let started = pool.startJournal()
    let journal = try #require(started)
    var random = SplitMix64(seed: 11)
    for _ in 0..<200 {
      let (offset, width) = (random.next(below: 60_000), random.next(below: 20_000) + 1)
      journal.clear()
      journal.note(region: 0, offset: offset, width: width)
      let base = pool.state.pointee.memory.regions[0].base
      let noted = journal.chunks.flatMap { chunk in
        (0..<64 as Range<UInt64>).filter { chunk.lines >> $0 & 1 != 0 }.map {
          chunk.address - base + $0 * WriteJournal.lineBytes
        }
      }
      let first = offset / WriteJournal.lineBytes * WriteJournal.lineBytes
      #expect(noted == Array(stride(from: first, to: offset + width, by: 64)))
    }
  }

  @Test("too many notes are said to be too many")
  func notesAreBounded() throws {
    var pool = try Self.pool(.windows2003x86)
    let started = pool.startJournal()
    let journal = try #require(started)
    for _ in 0...WriteJournal.mostNotes { journal.noteMarks(0) }
    #expect(journal.hasOverflown && journal.markedPages.count == WriteJournal.mostNotes)
    journal.clear()
    #expect(!journal.hasOverflown && journal.markedPages.isEmpty)
    // The same list twice in a row is one note.
    for list in [7, 7, 8] { journal.noteLookaside(list) }
    #expect(Array(journal.lookasides) == [7, 8])
    for list in 0..<WriteJournal.mostNotes { journal.noteLookaside(list) }
    #expect(journal.hasOverflown && journal.lookasides.count == WriteJournal.mostNotes)
    journal.clear()
    #expect(!journal.hasOverflown && journal.lookasides.isEmpty)
  }
}
