import Foundation
import KernelPool
import PoolDebugger
import PoolOracles
import PoolReconstruction
import PoolTestSupport
import PoolTrace
import PoolWalk
import Testing

/// A machine a fortieth of the story's: its workload must end with every figure that was asked for,
/// counted in a second replay by code that made none of it.
@Suite struct CalibratedWorkloadTests {
  private typealias Blocks = CalibrationTarget.Blocks

  private static let target = CalibrationTarget(
    rows: [
      row("MmCm", 100, 90 * 3864 + 23 * 4096), row("File", 800, 800 * 160 + 24),
      row("abcd", 8, 2 * 4096 * 7 + 32), row("LSwi", 1, 3 * 4096),
    ],
    nonPaged: Blocks(count: 6_000, bytes: 1_415_600), paged: Blocks(count: 1_500, bytes: 390_000),
    nonPagedPages: 600, nonPagedLimit: 900, pagedLimit: 512)

  private static func row(_ tag: StaticString, _ count: UInt64, _ bytes: UInt64)
    -> CalibrationTarget.Row
  {
    CalibrationTarget.Row(
      tag: PoolTag(tag), nonPaged: Blocks(count: count, bytes: bytes),
      paged: Blocks(count: 0, bytes: 0))
  }

  private static func recipe(seed: UInt64 = 1) -> CalibrationRecipe {
    var recipe = CalibrationRecipe()
    recipe.seed = seed
    recipe.spells = 6
    return recipe
  }

  private static func make(
    _ target: CalibrationTarget = target, _ recipe: CalibrationRecipe = recipe()
  ) throws -> (outcome: CalibratedWorkload.Outcome, trace: [UInt8]) {
    // The closure escapes, so the bytes live in a box.
    final class Box { var bytes: [UInt8] = [] }
    let box = Box()
    let outcome = try CalibratedWorkload(target, recipe).run { $0.append(to: &box.bytes) }
    return (outcome, box.bytes)
  }

  /// Replays a trace; buffers ask for `bufferBytes` instead of 0xF10 where that is given.
  private static func replay(
    _ trace: [UInt8], bufferBytes: UInt64? = nil
  ) throws -> (rows: [TagRow], pages: UInt64) {
    let operations = try TraceParser.operations(in: String(decoding: trace, as: UTF8.self))
    guard case .config(let configuration)? = operations.first else { return ([], 0) }
    var session = try ReplaySession.boot(configuration, level: .off)
    for operation in operations {
      switch operation {
      case .contiguous(let name, 0xF10, let limits):
        _ = session.step(.contiguous(name, bytes: bufferBytes ?? 0xF10, limits: limits))
      case .expect where bufferBytes != nil: continue
      default: _ = session.step(operation)
      }
    }
    session.finish()
    #expect(session.outcome == .notJudged)
    return (TagRow.all(in: session.view), PoolUsage(session.view).nonPagedPages)
  }

  /// Made once for the tests that only look at it.
  private static let made = Result { try make() }

  @Test func everyFigureComesOut() throws {
    let (outcome, trace) = try Self.made.get()
    let (rows, pages) = try Self.replay(trace)
    for wanted in Self.target.rows {
      let found = try #require(rows.first { $0.tag == wanted.tag })
      #expect(UInt64(found.nonPaged.outstanding) == wanted.nonPaged.count)
      #expect(found.nonPaged.bytes == wanted.nonPaged.bytes)
    }
    #expect(rows.reduce(0) { $0 + UInt64($1.nonPaged.outstanding) } == Self.target.nonPaged.count)
    #expect(rows.reduce(0) { $0 + $1.nonPaged.bytes } == Self.target.nonPaged.bytes)
    #expect(rows.reduce(0) { $0 + UInt64($1.paged.outstanding) } == Self.target.paged.count)
    #expect(rows.reduce(0) { $0 + $1.paged.bytes } == Self.target.paged.bytes)
    #expect((594...606).contains(pages))
    #expect(outcome.nonPagedPages == pages)
    // The listed tags stay the largest users: nothing in the background exceeds the smallest.
    let least = Self.target.rows.map(\.nonPaged.bytes).min() ?? 0
    let listed = Set(Self.target.rows.map(\.tag) + [.pool])
    #expect(rows.allSatisfy { listed.contains($0.tag) || $0.nonPaged.bytes <= max(least, 24_000) })
  }

  /// The mechanism is the story's: whole pages for the driver, and the pool does not fragment.
  @Test func wholePagesForTheDriverSaveWhatTheSpellsCost() throws {
    let (outcome, trace) = try Self.made.get()
    let before = try Self.replay(trace).pages
    let after = try Self.replay(trace, bufferBytes: 0x1000).pages
    #expect(outcome.pins > 200)
    #expect(before - after > outcome.pins * 8 / 10, "\(before) and \(after)")
  }

  @Test func aSeedIsReproducibleAndAnotherIsAnother() throws {
    let first = try Self.made.get().trace
    #expect(try Self.make().trace == first)
    #expect(try Self.make(Self.target, Self.recipe(seed: 2)).trace != first)
  }

  /// A table that lists every tag leaves nothing else to keep pages with: listed blocks do.
  @Test(.enabled(if: TestScale.isWhole, "long: POOLFUZZ_TESTS=all"))
  func aTableOfEveryTagIsMetToo() throws {
    let (rows, pages) = try Self.replay(Self.made.get().trace)
    var whole = Self.target
    whole.nonPagedPages = pages - 40
    whole.rows = rows.map { row in
      CalibrationTarget.Row(
        tag: row.tag,
        nonPaged: Blocks(count: UInt64(row.nonPaged.outstanding), bytes: row.nonPaged.bytes),
        paged: Blocks(count: UInt64(row.paged.outstanding), bytes: row.paged.bytes))
    }
    let (outcome, trace) = try Self.make(whole, Self.recipe(seed: 9))
    let again = try Self.replay(trace)
    #expect(outcome.pins > 100 && again.pages.distance(to: pages - 40).magnitude <= 6)
    for wanted in whole.rows {
      let found = try #require(again.rows.first { $0.tag == wanted.tag })
      #expect(UInt64(found.nonPaged.outstanding) == wanted.nonPaged.count)
      #expect(found.nonPaged.bytes == wanted.nonPaged.bytes)
    }
  }

  @Test func aWiderSystemIsMetToo() throws {
    var wide = Self.target
    wide.rows[0].nonPaged.bytes = 90 * 3872 + 23 * 4096
    wide.rows[1].nonPaged.bytes = 800 * 160 + 32
    var recipe = Self.recipe()
    recipe.profile = .windows2003x64
    let (outcome, trace) = try Self.make(wide, recipe)
    #expect((594...606).contains(try Self.replay(trace).pages) && outcome.pins > 100)
  }

  @Test func checkedReplayFindsNothing() throws {
    var small = Self.target
    small.nonPagedPages = 420
    let (_, trace) = try Self.make(small)
    let operations = try TraceParser.operations(in: String(decoding: trace, as: UTF8.self))
    guard case .config(let configuration)? = operations.first else { return }
    var session = try ReplaySession.boot(configuration, level: .fast)
    for operation in operations { _ = session.step(operation) }
    session.finish()
    #expect(session.outcome == .ok)
  }

  @Test func whatCannotBeMetIsSaid() {
    func message(
      _ change: (inout CalibrationTarget, inout CalibrationRecipe) -> Void
    ) -> String {
      var (target, recipe) = (Self.target, Self.recipe())
      change(&target, &recipe)
      let error = #expect(throws: CalibrationError.self) { try Self.make(target, recipe) }
      return error?.message ?? ""
    }
    #expect(message { target, _ in target.rows[1].nonPaged.bytes += 4 }.contains("tag File"))
    #expect(
      message { target, _ in target.rows[3].nonPaged.bytes += 8 }
        == "1 block of tag LSwi cannot have 12296 bytes: blocks are multiples of 8 bytes from 16 to "
        + "4088, or whole pages; make it 12288 or 16384 bytes, or give it a block more")
    #expect(
      message { target, _ in target.rows[1].nonPaged.bytes += 4 }.contains(
        "make it 128024 or 128032 bytes"))
    // Too few of them and too few bytes are two things.
    func pool(_ count: UInt64, _ bytes: UInt64) -> String {
      message { target, _ in target.rows.append(Self.row("Pool", count, bytes)) }
    }
    #expect(pool(1, 200_000).contains("allocations of Pool; the table has 1: list at least that"))
    #expect(pool(100, 2_000).contains("bytes as Pool; the table has 2000: list at least that"))
    #expect(message { target, _ in target.nonPagedPages = 100 }.contains("too little"))
    #expect(message { target, _ in target.nonPagedPages = 9_000 }.contains("each keep a page"))
    #expect(message { target, _ in target.nonPaged.bytes = 1_000 }.contains("exceed"))
    #expect(message { target, _ in target.nonPaged.count = 1 << 40 }.contains("too many"))
    #expect(message { _, recipe in recipe.bufferBytes = 0x1000 }.contains("whole pages"))
    #expect(message { _, recipe in recipe.bufferBytes = 0xFF0 }.contains("no room"))
    #expect(message { _, recipe in recipe.spells = 9_999 }.contains("fewer than 9999 spells"))
    // ReactOS never takes exact fits, so nothing settles behind a buffer.
    #expect(message { _, recipe in recipe.profile = .reactosX86 }.contains("pool"))
  }

  @Test func aRecipeIsReadAndItsMistakesAreNamed() throws {
    let (recipe, sources) = try CalibrationRecipe.read(
      "# words\n\nprofile windows-xp-x86 # more\nseed 0x10\nbuffer 3856\nspells 4\nvm a\n"
        + "poolused b\nusage 77\n")
    #expect(recipe.profile == .windowsXPx86 && recipe.seed == 16 && recipe.spells == 4)
    #expect(recipe.bufferBytes == 0xF10)
    #expect(sources == [.virtualMemory("a"), .poolUsed("b"), .usage(77)])
    for (text, place) in [
      ("seed", "line 1: expected KEY VALUE"), ("\nsize 5", "line 2: 'size' is no key"),
      ("seed -1", "line 1: seed is a number"), ("spells 0", "line 1: spells is a number"),
      ("profile beos", "line 1: there is no profile 'beos'"), ("seed 1 2", "line 1: expected"),
    ] {
      let error = #expect(throws: CalibrationError.self) { try CalibrationRecipe.read(text) }
      #expect(error?.message.hasPrefix(place) ?? false, "\(text)")
    }
  }

  /// The story's own listings give the story's figures as a target.
  @Test func listingsBecomeATarget() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Corpus/incident")
    func listings(_ name: String) throws -> [Listing] {
      let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      return ListingReader.read(text, source: name).listings
    }
    let table = try listings("poolused.listing.txt")
    let memory = try listings("vm.listing.txt")
    let target = try CalibrationTarget(listings: table + memory)
    #expect(target.rows.map(\.nonPaged.count) == [3187, 1125, 24911, 8, 1])
    #expect(target.nonPaged == Blocks(count: 239_570, bytes: 65_912_104))
    #expect(target.nonPagedPages == 25_463 && target.nonPagedLimit == 32_647)
    #expect(try CalibrationTarget(listings: table, usagePages: 9).nonPagedPages == 9)
    for wrong in [table, memory, table + table + memory] {
      #expect(throws: CalibrationError.self) { try CalibrationTarget(listings: wrong) }
    }
  }
}
