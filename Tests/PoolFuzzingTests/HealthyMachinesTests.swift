import KernelPool
import PoolFuzzing
import PoolTrace
import PoolOracles
import PropertyTesting
import Testing

/// No alarm on machines that the keys of the language describe: a sample, other for each commit, of
/// what `.ci/healthy` goes through in full.
@Suite struct HealthyMachinesTests {
  /// What each machine runs: every pool, sizes on both sides of a page, growth, and frees.
  private static let operations = """
    alloc a NonPaged 24 Test
    alloc b Paged 40 Test
    alloc c PagedSession 300 Sess
    alloc d NonPagedNx 4080 Exec
    alloc e NonPaged 4097 Big1
    alloc f Paged 8193 Big2
    alloc g NonPaged+Quota 60 Quot
    contiguous h 3000
    alloc i NonPaged 65536 Huge
    alloc j NonPaged 131072 Huge
    free d
    free e
    tick 1
    free a
    alloc k NonPaged 100 Test
    free i
    free f
    """

  /// What all oracles say of a machine with no operation and with a few; nil where it cannot be.
  private func alarm(_ config: String) throws -> String? {
    for operations in ["", Self.operations] {
      guard let trace = try? PoolFuzzTrace.reading(config + "\n" + operations) else { return nil }
      if let failure = TraceRunner<CheckedPool>().run(trace).failure { return "\(failure)" }
    }
    return nil
  }

  @Test(arguments: [
    "profile=windows-7-x86 nonpaged_pages=128 max_nonpaged_pages=129",
    "profile=windows-7-x64 max_nonpaged_pages=600",
    "profile=windows-8-x64 max_nonpaged_pages=513 expansion=none paged_pages=9",
    "profile=windows-2003-x64 nonpaged_allocator=bitmap nonpaged_pages=64 max_nonpaged_pages=67",
    "profile=windows-2003-x86 no_execute_pool=on",
  ])
  func onceFalselyAlarmed(_ keys: String) throws {
    #expect(try alarm("config " + keys) == nil)
  }

  /// Requests of four bytes that a version serves in whole pages: no bound speaks of them.
  @Test func wholePagesForAFewBytes() throws {
    let text = (0..<16).map { "alloc a\($0) NonPaged 4 Test\n" }.joined()
    let trace = try PoolFuzzTrace.reading(
      "config profile=windows-7-x64 small_request_limit=3 deferred_limit=1\n" + text)
    let failure = TraceRunner<CheckedPool>().run(trace).failure
    #expect(failure == nil, "\(failure.map { "\($0)" } ?? "")")
  }

  /// A slot whose allocation was freed by its address frees what starts there now.
  @Test func aSlotFreesWhatStartsThereNow() throws {
    let trace = try PoolFuzzTrace.reading(
      """
      config profile=windows-2003-x86
      alloc s0 NonPaged 249 Test
      freeat s0
      alloc s1 NonPaged 0 Test
      free s0
      """)
    let failure = TraceRunner<CheckedPool>().run(trace).failure
    #expect(failure == nil, "\(failure.map { "\($0)" } ?? "")")
  }

  /// A charged request of no bytes that a version serves in a whole page: its caller holds the page,
  /// and the process that was charged for it gets the charge back.
  @Test(arguments: [
    "windows-2000-x86 small_request_limit=3",
    "reactos-x64 small_request_limit=7 large_quota=charged",
  ])
  func wholePageForNoBytes(_ keys: String) throws {
    let trace = try PoolFuzzTrace.reading(
      "config profile=\(keys)\nalloc s0 NonPaged+Quota 0 Test\nfree s0\n")
    let failure = TraceRunner<CheckedPool>().run(trace).failure
    #expect(failure == nil, "\(failure.map { "\($0)" } ?? "")")
    var held = trace
    held.operations.removeLast()
    #expect(TraceRunner<CheckedPool>().run(held).failure == nil)
  }

  /// A tag without a key was counted in an empty row, which another tag has taken since: its free finds
  /// the table full, and no row for the rest begun.
  @Test(arguments: [62, 63, 64, 65, 66])
  func aFreeThatFindsTheTagTableFull(tags: Int) throws {
    let others = (0..<tags).map { "alloc a\($0) NonPaged 8 T\(100 + $0)\n" }.joined()
    let trace = try PoolFuzzTrace.reading(
      "config profile=windows-2003-x86 tracker=128\nalloc z NonPaged 8 '\\x00\\x00\\x00\\x80'\n"
        + others + "free z\n")
    let failure = TraceRunner<CheckedPool>().run(trace).failure
    #expect(failure == nil, "\(failure.map { "\($0)" } ?? "")")
  }

  /// A request is refused, and the last page of the bitmap is open, but no memory is left for it.
  @Test func theLastPageHasNoMemory() throws {
    let keys = [
      "profile=windows-8-x64 nonpaged_pages=20 max_nonpaged_pages=28 expansion=orig avail=1",
      "tracker=64 bigtable=64 bitmap_search=before-limit",
    ]
    let text = (0..<12).map { "alloc a\($0) NonPagedNx 4096 Test\n" }.joined()
    let trace = try PoolFuzzTrace.reading("config \(keys.joined(separator: " "))\n" + text)
    let failure = TraceRunner<CheckedPool>().run(trace).failure
    #expect(failure == nil, "\(failure.map { "\($0)" } ?? "")")
  }

  /// No-execute pages that found the big-page table full: nothing tells whose they were.
  @Test func noExecutePagesWithoutAnEntry() throws {
    let before = (0..<59).map { "alloc a\($0) NonPaged 4065 Test\n" }.joined()
    let text = before + "alloc x NonPagedNx 4065 Test\nfree x\nfree a0\n"
    for profile in ["windows-8-x64", "windows-2003-x64 no_execute_pool=on"] {
      let trace = try PoolFuzzTrace.reading("config profile=\(profile) bigtable=1\n" + text)
      let failure = TraceRunner<CheckedPool>().run(trace).failure
      #expect(failure == nil, "\(profile): \(failure.map { "\($0)" } ?? "")")
    }
  }

  /// Which pages and tables there are.
  @Test func pagesAndTables() throws {
    let (seed, words) = CommitSeed.current
    var choices = RandomChoices(seed: seed)
    for _ in 0..<24 {
      let pages = choices.draw(in: 60...99)
      let keys = [
        "profile=\(choices.draw(from: Profile.all).name)", "expansion_base=adjacent",
        "nonpaged_allocator=\(choices.draw(from: ["run-lists", "bitmap"]))",
        "nonpaged_pages=\(pages)",
        "max_nonpaged_pages=\(pages + choices.draw(from: [0, 1, 2, 3, 40]))",
        "expansion=\(choices.draw(from: Expansion.allCases).rawValue)",
        "avail=\(choices.draw(from: ["unlimited", "0", "1", "8"]))",
        "bitmap_search=\(choices.draw(from: BitmapSearch.allCases).rawValue)",
        "bigtable=\(choices.draw(from: [1, 64, 1000]))", "tracker=64",
        "init=\(choices.draw(from: Initialisation.allCases).rawValue)",
        "paged_pages=\(choices.draw(from: [9, 64]))", "page_table_entries=8",
        "slist=\(choices.draw(from: [0, 4]))",
      ]
      let config = "config " + keys.joined(separator: " ")
      #expect(try alarm(config) == nil, "\(words) \(config)")
    }
  }

  /// Pairs of facts of a version.
  @Test func pairsOfKeys() throws {
    let (seed, words) = CommitSeed.current
    var choices = RandomChoices(seed: seed, stream: 1)
    let known = ConfigurationKey.facts.filter { !$0.samples.isEmpty }
    for _ in 0..<24 {
      let pair = [choices.draw(from: known), choices.draw(from: known)]
      guard pair[0].name != pair[1].name else { continue }
      let settings = pair.map { "\($0.name)=\(choices.draw(from: $0.samples))" }
      let profile = choices.draw(from: Profile.all).name
      let config = "config profile=\(profile) nonpaged_pages=255 \(settings.joined(separator: " "))"
      #expect(try alarm(config) == nil, "\(words) \(config)")
    }
  }

  /// The sample would notice: a planted bug that any of its machines shows.
  @Test func aPlantedBugIsNoticed() throws {
    var trace = try PoolFuzzTrace.reading("config profile=windows-7-x64\n" + Self.operations)
    trace.configuration.mutant = .freeNotCounted
    #expect(TraceRunner<CheckedPool>().run(trace).failure != nil)
  }
}
