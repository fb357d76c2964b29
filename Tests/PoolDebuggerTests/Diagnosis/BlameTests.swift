import Foundation
import KernelPool
import PoolTestSupport
import PoolWalk
import Testing

@testable import PoolDebugger

/// Each kind of corruption planted in the model of each version: the bug check and the `!pool` page
/// that follow are given to `inspect`, and what it blames is held against the plant.
@Suite struct BlameTests {
  /// What was planted, and where.
  struct Plant {
    var name: String
    var truth: DamagedPlace
    var bugCheck: String?
    var page: String
    /// The page's bytes as `dd` or `dq` prints them.
    var memory: String
    /// The page's chain of headers shows a fault.
    var isVisible: Bool
    /// The page's bytes show one: there, in links, or in the filler behind a large allocation.
    var isInMemory: Bool
  }

  enum Answer: String, CaseIterable {
    case certain, amongTwo = "among two", silent, wrong
  }

  /// Three neighbours in one page, the middle one the victim; every block has a tag of its own.
  private struct Page: ~Copyable {
    var fixture: TestPool
    var before: Address
    var victim: Address
    var after: Address
    let bytes: UInt64 = 0x78
    /// What a debugger shows once the damage is done, and whether its chain of headers breaks.
    var printed = ""
    var dumped = ""
    var isVisible = false
    var isInMemory = false

    init(_ profile: Profile) throws {
      var fixture = try TestPool(printed: profile) {
        $0.profile.deferredFrees = false
        $0.profile.pagedDescriptors = min($0.profile.pagedDescriptors, 2)
        // The heads of lists lie in the kernel's image, not where a test process has them.
        if $0.profile.wordBytes == 4 { $0.profile.descriptorBase = 0x8050_0000 }
      }
      let names: [StaticString] = ["Aaaa", "Bbbb", "Cccc", "Dddd", "Eeee"]
      let tags = names.map { PoolTag($0) }
      var blocks: [Address] = []
      for tag in tags { blocks.append(try fixture.allocate(0x78, tag: tag)) }
      blocks.sort()
      (before, victim, after) = (blocks[1], blocks[2], blocks[3])
      self.fixture = fixture
    }

    var header: UInt64 { UInt64(fixture.view.profile.header.bytes) }

    func byte(_ address: Address) throws -> UInt8 { try #require(fixture.view.byte(address)) }

    /// Takes the debugger's view of the page that holds `address`.
    mutating func show(_ address: Address) {
      printed = PoolPagePrinter(fixture.view).text(for: address)
      dumped = dump(address)
      let walker = PoolWalker(fixture.view)
      isVisible = !walker.blocks(ofPage: address & ~0xFFF).faults.isEmpty
    }

    /// The page of an address in the words that its pointers have.
    func dump(_ address: Address) -> String {
      let isWide = fixture.view.profile.wordBytes == 8
      let digits = isWide ? 16 : 8
      let first = address & ~0xFFF
      func hexadecimal(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
      }
      let command = "0: kd> \(isWide ? "dq" : "dd") \(hexadecimal(first))\n"
      return command
        + stride(from: first, to: first + 0x1000, by: 16).map { row in
          let words = stride(from: row, to: row + 16, by: digits / 2).map { place in
            (0..<UInt64(digits / 2)).reversed().reduce(UInt64(0)) {
              $0 << 8 | UInt64(fixture.view.byte(place + $1) ?? 0)
            }
          }
          return "\(hexadecimal(row))  \(words.map(hexadecimal).joined(separator: " "))\n"
        }.joined()
    }

    /// Frees, allocates, frees the neighbours: the first stop of the kernel as the debugger's line.
    mutating func trouble(freeing address: Address, tag: PoolTag? = nil) -> String? {
      show(victim)
      if let text = Self.text(fixture.pool.free(address, tag: tag)) { return text }
      for neighbour in [after, before] where neighbour != address {
        if let text = Self.text(fixture.pool.free(neighbour, tag: nil)) { return text }
      }
      for _ in 0..<3 {
        if case .halted(let halt) = fixture.pool.allocate(
          .nonPaged, bytes: bytes, tag: PoolTag("Zzzz"))
        {
          return Self.text(halt)
        }
      }
      return nil
    }

    static func text(_ outcome: KernelPool.FreeOutcome) -> String? {
      guard case .halted(let halt) = outcome else { return nil }
      return text(halt)
    }

    static func text(_ halt: HaltReason) -> String? {
      switch halt {
      case .bugCheck(let check):
        let parameters = [
          check.parameters.0, check.parameters.1, check.parameters.2, check.parameters.3,
        ]
        return "BugCheck \(String(check.code, radix: 16, uppercase: true)), {"
          + parameters.map { String($0, radix: 16) }.joined(separator: ", ") + "}\n"
      case .fault(let address):
        return "BugCheck 50, {\(String(address, radix: 16)), 0, 0, 0}\n"
      case .nonCanonicalFault: return "BugCheck 3B, {c0000005, 0, 0, 0}\n"
      case .hang: return nil
      }
    }
  }

  // MARK: - Plants

  private typealias Damage = (
    name: String, make: @Sendable (inout Page) throws -> (DamagedPlace, String?)
  )

  private static let damages: [Damage] = [
    (
      "own header",
      { page in
        let header = page.victim - page.header
        let size = UInt64(page.fixture.view.profile.header == .windows2000 ? 3 : 2)
        try page.fixture.write([try page.byte(header + size) ^ 0x0F], at: header + size)
        return (.init(.header, header), page.trouble(freeing: page.victim))
      }
    ),
    (
      "previous header",
      { page in
        let header = page.before - page.header
        let size = UInt64(page.fixture.view.profile.header == .windows2000 ? 3 : 2)
        try page.fixture.write([try page.byte(header + size) ^ 0x03], at: header + size)
        return (.init(.header, header), page.trouble(freeing: page.victim))
      }
    ),
    (
      "next header",
      { page in
        let header = page.after - page.header
        try page.fixture.write([try page.byte(header) ^ 0x03], at: header)
        return (.init(.header, header), page.trouble(freeing: page.victim))
      }
    ),
    (
      "links",
      { page in
        try page.fixture.free(page.victim)
        try page.fixture.write(Array("OOOOOOOO".utf8), at: page.victim)
        return (.init(.links, page.victim), page.trouble(freeing: page.after))
      }
    ),
    (
      "tag",
      { page in
        let tag = PoolTag(
          word: try #require(page.fixture.view.word32(page.victim - page.header + 4)))
        try page.fixture.write(Array("Wxyz".utf8), at: page.victim - page.header + 4)
        return (
          .init(.header, page.victim - page.header),
          page.trouble(freeing: page.victim, tag: tag)
        )
      }
    ),
    (
      "text over a free block",
      { page in
        try page.fixture.free(page.victim)
        try page.fixture.write(Array(repeating: 0x55, count: Int(page.bytes)), at: page.victim)
        return (.init(.links, page.victim), page.trouble(freeing: page.after))
      }
    ),
    (
      "stale pointer",
      { page in
        try page.fixture.free(page.victim)
        try page.fixture.write([1, 0, 0, 0, 0, 0, 0, 0], at: page.victim)
        return (.init(.links, page.victim), page.trouble(freeing: page.before))
      }
    ),
    (
      "underrun",
      { page in
        let header = page.victim - page.header
        try page.fixture.write(Array(repeating: 0x2A, count: Int(page.header)), at: header)
        return (.init(.header, header), page.trouble(freeing: page.victim))
      }
    ),
    (
      "double free",
      { page in
        try page.fixture.free(page.victim)
        return (.init(.call), page.trouble(freeing: page.victim))
      }
    ),
    (
      "wrong pool",
      { page in
        let paged = try page.fixture.allocate(0x78, .paged, tag: PoolTag("Pgd1"))
        return (.init(.call), Page.text(page.fixture.pool.freeContiguous(paged + 0x1000)))
      }
    ),
    (
      "tail of a large block",
      { page in
        let profile = page.fixture.view.profile
        let bytes = profile.pageBytes + profile.pageBytes / 2
        let large = try page.fixture.allocate(bytes, tag: PoolTag("Larg"))
        try page.fixture.write(Array(repeating: 0x41, count: 8), at: large + bytes)
        page.printed = PoolPagePrinter(page.fixture.view).text(for: large + bytes + page.header)
        page.dumped = page.dump(large + bytes)
        page.isVisible = page.printed.contains("size:") || page.printed.contains("doesn't look")
        page.isInMemory = page.printed.contains("0x1800 bytes")
        return (
          .init(.header, large + bytes), Page.text(page.fixture.pool.free(large, tag: nil))
        )
      }
    ),
  ]

  private static func overrun(_ count: Int, _ fill: UInt8) -> Damage {
    (
      "overrun",
      { page in
        let header = page.victim - page.header
        try page.fixture.write(Array(repeating: fill, count: count), at: header)
        return (.init(.header, header), page.trouble(freeing: page.victim))
      }
    )
  }

  static func plants(_ profile: Profile) throws -> [Plant] {
    var plants: [Plant] = []
    let overruns = [1, 2, 3, 4, 5, 8, 12, 16, 24, 32, 48, 64].flatMap { count in
      [UInt8(0x41), 0x00, 0xFF].map { overrun(count, $0) }
    }
    for damage in damages + overruns {
      var page = try Page(profile)
      let (truth, text) = try damage.make(&page)
      if page.printed.isEmpty { page.show(page.victim) }
      plants.append(
        Plant(
          name: damage.name, truth: truth, bugCheck: text, page: page.printed,
          memory: page.dumped, isVisible: page.isVisible,
          isInMemory: page.isInMemory || page.isVisible || truth.kind == .links))
    }
    return plants
  }

  // MARK: - Judgement

  static func answer(_ text: String, _ truth: DamagedPlace) -> Answer {
    var inspection = Inspection()
    inspection.read(text: text, source: "text")
    let places = inspection.report().damaged
    switch places.count {
    case 0: return .silent
    case 1: return places[0] == truth ? .certain : .wrong
    default:
      // Another entry of the list stands for one whose address the bug check does not carry.
      let isAmong =
        places.contains(truth)
        || (truth.kind == .links && places.contains(.init(.neighbouringLinks)))
      return isAmong ? .amongTwo : .wrong
    }
  }

  private static func evidence(_ plant: Plant) -> [(name: String, text: String)] {
    let both =
      plant.bugCheck.map {
        [
          ("bug check", $0), ("both", $0 + plant.page),
          ("all three", $0 + plant.page + plant.memory),
        ]
      } ?? []
    return [("page", plant.page), ("memory", plant.memory)] + both
  }

  @Test func theBlameIsHeldAgainstThePlant() throws {
    var counts: [String: [Answer: Int]] = [:]
    var visible: [String: [Answer: Int]] = [:]
    for profile in TestScale.sample(Profiles.distinct, 2) {
      for plant in try Self.plants(profile) {
        for (evidence, text) in Self.evidence(plant) {
          let answer = Self.answer(text, plant.truth)
          counts["\(plant.name) | \(evidence)", default: [:]][answer, default: 0] += 1
          #expect(
            answer != .wrong,
            "\(profile.name) \(plant.name) \(evidence): \(plant.truth)\n\(text)")
          let isThere = evidence == "page" ? plant.isVisible : plant.isInMemory
          if isThere { visible[evidence, default: [:]][answer, default: 0] += 1 }
        }
      }
    }
    for evidence in ["page", "memory", "both", "all three"] {
      let answers = visible[evidence, default: [:]]
      let all = answers.values.reduce(0, +)
      let right = answers[.certain, default: 0] + answers[.amongTwo, default: 0]
      #expect(
        all > TestScale.count(60, all: 300) && answers[.silent, default: 0] * 10 <= all
          && right * 10 >= all * 6)
    }
    // The article's counts are those of every version.
    guard TestScale.isWhole else { return }
    let article = try String(
      contentsOf: Samples.folder.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Sources/PoolDebugger/PoolDebugger.docc/Blame.md"), encoding: .utf8)
    for (key, answers) in counts {
      let numbers = [Answer.certain, .amongTwo, .silent].map { String(answers[$0] ?? 0) }
      let row = "| \(key) | \(numbers.joined(separator: " | ")) |"
      #expect(article.contains(row), "\(row)")
    }
    #expect(article.split(separator: "\n").count { $0.hasPrefix("| ") } == counts.count + 1)
  }

  /// The comparison itself notices a wrong claim and a doubtful one.
  @Test func aWrongBlameIsNoticed() throws {
    let plants = try Self.plants(.windows7x64)
    let next = try #require(plants.first { $0.name == "next header" })
    #expect(Self.answer(next.page, next.truth) == .certain)
    let elsewhere = DamagedPlace(.header, next.truth.address.map { $0 + 0x10 })
    #expect(Self.answer(next.page, elsewhere) == .wrong)
    let check = try #require(next.bugCheck)
    #expect(Self.answer(check, next.truth) == .amongTwo && Self.answer(check, elsewhere) == .wrong)
    #expect(Self.answer("nothing", next.truth) == .silent)
  }
}
