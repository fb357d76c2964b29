import KernelPool
import PoolTestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Memory of the host that the model takes by hand: it begins as what it is, and is given back.
@Suite struct HostMemoryTests {
  private static func image() -> PoolImage? {
    let configuration = PoolConfiguration(profile: .windows7x64)
    let range = PoolImage.Range(
      base: configuration.profile.nonPagedBase, byteCount: 0x4000, kind: .nonPaged,
      hasFrames: true)
    return PoolImage(
      configuration, ranges: [range], descriptors: [], reserve: ReservedBytes.zeroed)
  }

  /// The variables of an image are those of no kernel, whatever their memory held before.
  @Test func anImageBeginsWithoutVariables() throws {
    let size = MemoryLayout<KernelVariables>.size
    let soiled = (0..<16).map { _ in
      let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 8)
      memory.initializeMemory(as: UInt8.self, repeating: 0xA5, count: size)
      return memory
    }
    for memory in soiled { memory.deallocate() }
    let image = try #require(Self.image())
    let variables = image.variables
    #expect(variables.trackerTable == 0 && variables.bigTable == 0 && variables.freeRunHeads == 0)
    #expect(variables.chargedBytes == (0, 0) && variables.quotaCookie == 0)
    #expect(variables.pagedBitmap.pages == 0 && variables.singlePageLists.paged.top == 0)
  }

  #if canImport(Glibc)
    /// Bytes that are taken from the host, as its own account says (`malloc_info`): what it got from
    /// the system, less what is free. Only where nothing else runs do they mean anything.
    private static func bytesInUse() -> Int? {
      typealias Account = @convention(c) (Int32, UnsafeMutableRawPointer) -> Int32
      var text: UnsafeMutablePointer<CChar>?
      var length = 0
      guard let symbol = dlsym(nil, "malloc_info"), let file = open_memstream(&text, &length)
      else { return nil }
      _ = unsafeBitCast(symbol, to: Account.self)(0, file)
      fclose(file)
      defer { free(text) }
      guard let text else { return nil }
      var bytes = 0
      // The totals of all heaps stand behind the last of them.
      for line in String(cString: text).split(separator: "\n").reversed().prefix(while: {
        $0 != "</heap>"
      }) {
        let size = line.split(separator: "\"").compactMap { Int($0) }.last ?? 0
        if line.hasPrefix("<system type=\"current\"") || line.hasPrefix("<total type=\"mmap\"") {
          bytes += size
        } else if line.hasPrefix("<total") {
          bytes -= size
        }
      }
      return bytes
    }

    /// Pools that kept a journal, and images, leave nothing behind: in a process of its own, since
    /// other tests take memory too.
    @Test func whatIsDroppedIsGivenBack() async {
      await #expect(processExitsWith: .success) {
        var before: Int?
        for turn in 0..<144 {
          // The first turns fill what is kept for the next pool.
          if turn == 16 { before = HostMemoryTests.bytesInUse() }
          var pool = try KernelPool.boot(.small(.windows7x64))
          let journal = pool.startJournal()
          let outcome = pool.allocate(.nonPaged, bytes: 100, tag: PoolTag("Test"))
          guard journal != nil, case .address = outcome, HostMemoryTests.image() != nil
          else { exit(2) }
        }
        guard let before, let after = HostMemoryTests.bytesInUse() else { exit(3) }
        print("\(after - before) bytes are left of 128 pools")
        // The smallest piece of memory has sixteen bytes; tables of the runtime grow a little by themselves.
        if after - before >= 128 * 16 { exit(1) }
      }
    }
  #endif
}
