import KernelPool
import PoolOracles
import PoolTrace
import Testing

/// The traces of the incident prove what they say.
@Suite struct IncidentTraceTests {
  @Test func everyTraceIsNamed() throws {
    let traces = try IncidentFiles.fileNames().filter { $0.hasSuffix(".trace") }
    #expect(traces == IncidentFiles.names.map { $0 + ".trace" })
  }

  @Test(arguments: IncidentFiles.names)
  func everyRequestAndFigureIsAsTheTraceSays(_ name: String) throws {
    let replay = try IncidentReplay.run(try IncidentFiles.operations(name))
    let problems = replay.problems
    let figuresCounted = replay.figuresCounted
    #expect(problems == [])
    #expect(figuresCounted >= 9)
  }

  /// Each operation is checked around what it touched, and everything at the end.
  @Test(arguments: IncidentFiles.names)
  func noInvariantBreaks(_ name: String) throws {
    let operations = try IncidentFiles.operations(name)
    let configuration = try #require(IncidentFiles.configuration(operations))
    var session = try ReplaySession.boot(configuration, level: .fast)
    for operation in operations { _ = session.step(operation) }
    session.finish()
    let outcome = session.outcome
    #expect(outcome == .ok)
  }

  /// Requests and frees make the pages; nobody writes into a header.
  @Test(arguments: IncidentFiles.names)
  func onlyOrdinaryOperations(_ name: String) throws {
    let words = Set(try IncidentFiles.requests(name).map { String($0.prefix { $0 != " " }) })
    #expect(words.isSubset(of: ["alloc", "contiguous", "free"]))
    let operations = try IncidentFiles.operations(name)
    let configuration = try #require(IncidentFiles.configuration(operations))
    #expect(configuration.pool.profile.name == "windows-2003-x86")
    #expect(configuration.fill == .on)
  }

  // MARK: Checks that fail

  /// Every trace notices a wrong figure and a missing operation.
  @Test(arguments: IncidentFiles.names)
  func aLostOperationIsNoticed(_ name: String) throws {
    var operations = try IncidentFiles.operations(name)
    let index = try #require(
      operations.firstIndex { if case .alloc = $0 { true } else { false } })
    operations.remove(at: index)
    let replay = try IncidentReplay.run(operations, fill: .off)
    let problems = replay.problems
    #expect(problems != [])
  }

  @Test func aWrongFigureIsNoticed() throws {
    let text = try IncidentFiles.text("six-steps.trace")
      .replacing("expect nonpaged.free_bytes == 12216", with: "expect nonpaged.free_bytes == 12208")
    let replay = try IncidentReplay.run(try TraceParser.operations(in: text), fill: .off)
    let problems = replay.problems
    #expect(problems.first == "nonpaged.free_bytes is 12216, not 12208")
  }

  /// What the traces rest on: a change of any of these rules breaks one of them.
  @Test(arguments: [
    ("six-steps", Mutant.splitAlwaysFront), ("six-steps", .firstListTooHigh),
    ("six-steps", .noForwardMerge), ("six-steps", .oneUnitTooMany),
    ("page-f8feb000", .noBackwardMerge), ("mmcm", .keepsFreePage),
    ("page-fa808000", .lookasideTooDeep), ("churn", .remainderToHead), ("churn", .freedToTail),
    ("churn", .lookasideFirstInFirstOut), ("exhaustion-paged", .thresholdOneLess),
  ])
  func anotherRuleBreaksATrace(_ name: String, _ mutant: Mutant) throws {
    let replay = try IncidentReplay.run(
      try IncidentFiles.operations(name), mutant: mutant, fill: .off)
    let problems = replay.problems
    #expect(problems != [])
  }

  /// The story's fifth step hangs on the lists. Where exact fits are searched first, a freed
  /// buffer's place is taken again; where they never are, as in ReactOS, it is lost although nobody
  /// used it, unless a free neighbour made it larger.
  @Test(arguments: [("exact", 0xE0, 1), ("exact", 0x10, 1), ("above", 0xE0, 2), ("above", 0x10, 1)])
  func aFreedPlaceIsFoundAgainAmongExactFits(
    _ firstList: String, _ smallBytes: Int, _ pages: Int
  ) throws {
    let replay = try IncidentReplay.run(
      try TraceParser.operations(
        in: """
          config first_list=\(firstList)
          contiguous buffer1 0xf10
          alloc small NonPaged \(smallBytes) File
          free buffer1
          contiguous buffer2 0xf10
          """))
    let pagesNow = IncidentPage.addresses(replay.view, isPaged: false).count
    let problems = replay.problems
    #expect(problems == [])
    #expect(pagesNow == pages)
  }
}
