import ContentHash
import Foundation
import PoolBounds
import PoolTestSupport
import Testing

@testable import FragmentationSearch

/// Searches in epochs: what they find does not depend on how they are run, and states are texts.
struct SearchCampaignTests {
  private static let algorithms: [any SearchAlgorithm] = [
    RandomSearch(traceOperations: 200), RawSearch(traceOperations: 200),
    RawSearch(.genetic, traceOperations: 200), MacroSearch(population: 8, patience: 40),
    MacroSearch(.elites, population: 4), BeamSearch(width: 2, programs: 4),
    StateSearch(),
  ]

  private static func question(workers: Int = 1) throws -> SearchQuestion {
    SearchQuestion(
      geometry: try PoolGeometry(pageUnits: 32, smallestBlockUnits: 2), rules: .windows,
      peakLiveUnits: 200, operations: 60_000, seed: 4, streams: 2, workers: workers)
  }

  private static func run(_ campaign: SearchCampaign) async -> SearchCampaign {
    var campaign = campaign
    while !campaign.isDone { await campaign.runEpoch() }
    return campaign
  }

  /// Each algorithm's campaign from its beginning to its end, once for all tests.
  private static let wholes = algorithms.map { algorithm in
    Task { await run(SearchCampaign(try question(), algorithm)) }
  }

  /// After every epoch the process ends and another one reads what was saved.
  @Test(arguments: algorithms.indices)
  func aResumedSearchFindsTheSame(_ number: Int) async throws {
    let algorithm = Self.algorithms[number]
    let whole = try await Self.wholes[number].value
    var text = SearchCampaign(try Self.question(), algorithm).text
    var last: SearchCampaign
    repeat {
      last = SearchCampaign(try Self.question(workers: 2), algorithm)
      let isRestored = last.restore(text)
      #expect(isRestored)
      #expect(last.text == text)
      await last.runEpoch()
      text = last.text
    } while !last.isDone
    #expect(last.answer == whole.answer)
    #expect(last.elites == whole.elites)
    #expect(text == whole.text)
    // A pass over states is never divided.
    #expect(whole.epoch > 4 || algorithm is StateSearch)
  }

  /// A stream that is left out stays as it is, also in a state; the others do what they did with it.
  @Test func anAbandonedStreamStaysAsItIs() async throws {
    let algorithm = MacroSearch()
    let whole = await Self.run(SearchCampaign(try Self.question(), algorithm))
    var campaign = SearchCampaign(try Self.question(), algorithm)
    await campaign.runEpoch()
    let before = campaign.text
    campaign.abandon(0)
    var again = SearchCampaign(try Self.question(), algorithm)
    let isRestored = again.restore(campaign.text)
    #expect(isRestored && again.abandoned == [0])
    for damage in ["abandoned 2", "abandoned 0 0", "abandoned x", "abandoned "] {
      let isTaken = again.restore(campaign.text.replacingFirst("abandoned 0", damage))
      #expect(!isTaken, "\(damage)")
    }
    again = await Self.run(again)
    func streams(_ text: String) -> [Substring] {
      text.split(separator: "stream\n", omittingEmptySubsequences: true)
    }
    let (first, last, all) = (streams(before), streams(again.text), streams(whole.text))
    #expect(last.count == 3 && all.count == 3)
    #expect(last[1] == first[1] && last[2] == all[2])
  }

  @Test func aDamagedStateIsRefusedAndChangesNothing() async throws {
    for algorithm in Self.algorithms {
      var campaign = SearchCampaign(try Self.question(), algorithm)
      await campaign.runEpoch()
      let text = campaign.text
      for damage in [
        text.replacingFirst("epoch", "epic"), text.replacingFirst("spent", "spend"),
        text + "stream\n", text + "nonsense\n", text.replacingFirst("generator", "generator x"), "",
      ] where damage != text {
        let isRestored = campaign.restore(damage)
        #expect(!isRestored, "\(algorithm.name)")
        #expect(campaign.text == text)
      }
    }
  }

  /// What streams call their best is what a run of it comes to.
  @Test func elitesKeepTheirPromises() async throws {
    let question = try Self.question()
    let query = FragmentationQuery(
      profile: "abstract", geometry: question.geometry, rules: question.rules,
      peakLiveUnits: question.peakLiveUnits)
    for (algorithm, whole) in zip(Self.algorithms, Self.wholes) {
      let campaign = try await whole.value
      let elites = campaign.elites
      #expect(elites.map(\.outcome.pages).max() == campaign.best?.outcome.pages)
      let cells = elites.map { ArchiveCell($0.outcome, question.geometry) }
      #expect(cells == Set(cells).sorted())
      for elite in elites {
        let program = MaximalProgram(query, elite)
        #expect(program.pages == elite.outcome.pages, "\(algorithm.name)")
        #expect(program.problems == [])
        #expect(try MaximalProgram(text: program.text) == program)
        #expect(program.trace.count == elite.outcome.operations)
      }
    }
  }

  @Test func brokenPromisesAndTextsAreTold() async throws {
    let campaign = try await Self.wholes[3].value
    let question = campaign.question
    let query = FragmentationQuery(
      profile: "abstract", geometry: question.geometry, rules: question.rules,
      peakLiveUnits: question.peakLiveUnits)
    let text = MaximalProgram(query, try #require(campaign.best)).text
    for word in ["pages", "operations", "trace-hash"] {
      let line = try #require(
        text.split(separator: "\n").first { $0.hasPrefix(word + " ") })
      let lie = text.replacingFirst(String(line), "\(word) 99999")
      let error = #expect(throws: MaximalProgram.TextError.self) { try MaximalProgram(text: lie) }
      #expect(error?.line == 12)
      let liar = try MaximalProgram(text: ContentHash.sealed(String(lie.dropLast(22))))
      #expect(liar.problems.count == 1)
      #expect(liar.problems[0].hasPrefix("\(word) is promised to be 99999"))
    }
    let refused: [(String, String, Int)] = [
      ("poolfuzz program 2", "poolfuzz program 9", 1), ("profile abstract", "profile a/b", 2),
      ("geometry 32", "geometry 1", 3), ("rules tail", "rules side", 4),
      ("peak-live-units 200", "peak-live-units -1", 5), ("program macro", "program micro", 6),
      ("limit", "limits", 7), ("cell hole", "cell ../hole", 11),
    ]
    // One of before there was a hash.
    let old = text.replacingFirst("poolfuzz program 2", "poolfuzz program 1")
    #expect(try MaximalProgram(text: String(old.dropLast(22))).text == text)
    for (old, new, line) in refused {
      do {
        _ = try MaximalProgram(text: text.replacingFirst(old, new))
        Issue.record("'\(new)' was read")
      } catch {
        #expect(error.line == line, "\(new)")
      }
    }
  }

  /// What a state says is checked besides its hash: of its lines with other numbers some are refused,
  /// and with the others the search goes on.
  @Test(arguments: algorithms.indices)
  func changedNumbersOfAStateAreRefusedOrGoneOnWith(_ number: Int) async throws {
    let algorithm = Self.algorithms[number]
    var question = try Self.question()
    question.operations = 2000
    var campaign = SearchCampaign(question, algorithm)
    await campaign.runEpoch()
    let text = campaign.text
    let numbers = text.ranges(of: /-?[0-9]+/)
    let step = TestScale.isWhole ? 1 : max(1, numbers.count / 6)
    var refused = 0
    for place in stride(from: 0, to: numbers.count, by: step) {
      for value in ["-1", "9223372036854775807", "4503599627370496", "99999999999999999999"] {
        var other = SearchCampaign(question, algorithm)
        guard other.restore(text.replacingCharacters(in: numbers[place], with: value)) else {
          refused += 1
          continue
        }
        await other.runEpoch()
        #expect(other.operationsSpent >= 0)
      }
    }
    #expect(refused > numbers.count / step)
  }

  @Test func genomesAreReadAsTheyAreWritten() throws {
    var generator = SeededGenerator(seed: 8)
    let question = try Self.question()
    func check<G: Genome>(_ type: G.Type) {
      for _ in 0..<100 {
        var genome = G.random(question, &generator)
        genome.mutate(question, &generator)
        genome = genome.crossed(with: .random(question, &generator), &generator)
        #expect(G(text: genome.text) == genome, "\(genome.text.prefix(200))")
      }
    }
    check(MacroProgram.self)
    check(MacroRounds.self)
    check(RawList.self)
    check(RandomTrace.self)
    for wrong in ["", "largest", "page+", "page@99", "page keep keep", "release -1", "release"] {
      #expect(MacroProgram(text: wrong) == nil, "\(wrong)")
    }
    for wrong in ["1", "1:", "-1:4", "1:0"] { #expect(RawList(text: wrong) == nil, "\(wrong)") }
    for wrong in ["page", "0 x page", "1 y page"] { #expect(MacroRounds(text: wrong) == nil) }
  }

  /// A list without operations is written as nothing behind the numbers of what it came to.
  @Test func anEmptyListIsReadBack() throws {
    let outcome = SearchOutcome(pages: 3, operations: 5)
    for list in ["", try #require(RawList(text: "4:2")).text] {
      let read = try #require(SearchOutcome.reading("\(outcome.text) \(list)"), "'\(list)'")
      #expect(read.outcome == outcome && read.rest == list)
      #expect(RawList(text: read.rest)?.text == list)
    }
    #expect(SearchOutcome.reading(outcome.text[...]) == nil)
  }

  /// A duplicate goes its own way and leaves the pool alone.
  @Test func aDuplicateHasAFutureOfItsOwn() throws {
    var pool = AbstractPool(geometry: .x86, rules: .windows)
    var generator = SeededGenerator(seed: 5)
    var live: [BlockHandle] = []
    for _ in 0..<400 { live.append(pool.allocate(units: generator.within(2...200))) }
    for index in live.indices where index % 3 == 0 { pool.free(live[index]) }
    let before = pool.footprint
    var copy = AbstractPool(copying: pool)
    #expect(copy.invariantViolations() == [])
    #expect(copy.pages() == pool.pages())
    for index in live.indices where index % 3 == 1 { copy.free(live[index]) }
    for _ in 0..<100 { _ = copy.allocate(units: generator.within(2...200)) }
    #expect(copy.invariantViolations() == [])
    #expect(pool.invariantViolations() == [])
    #expect(pool.footprint == before)
    #expect(copy.footprint != before)
    let pinned = pool.pages().count { $0.liveBlocks == 1 }
    #expect(pool.pinnedPages == pinned)
  }

  /// A level turns the share s / x of the slack into pages, whole pages of it all the way up.
  @Test func theValueOfALevelIsThatOfTheRecurrence() throws {
    let geometry = try PoolGeometry(pageUnits: 8, smallestBlockUnits: 2)
    let value = LevelValue(geometry)
    #expect(value.pages(held: 3, slackUnits: 0, level: 4) == 3)
    #expect(abs(value.pages(held: 0, slackUnits: 30, level: 6) - 15 * 2.0 / 6) < 1e-9)
    let two = 15 * (1 - (1 - 2.0 / 5) * (1 - 2.0 / 6))
    #expect(abs(value.pages(held: 0, slackUnits: 30, level: 5) - two) < 1e-9)
    #expect(value.pages(held: 7, slackUnits: 30, level: 9) == 7)
  }
}

extension String {
  fileprivate func replacingFirst(_ old: String, _ new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return replacingCharacters(in: range, with: new)
  }

  private func replacingCharacters(in range: Range<String.Index>, with new: String) -> String {
    String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}
