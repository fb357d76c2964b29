import Testing

@testable import PoolTrace

/// The churn and its remedy are one workload, and its maker is this one.
@Suite struct IncidentChurnTests {
  private let seed: UInt64 = 2009

  @Test func theChurnIsTheWorkload() throws {
    let workload = ChurnWorkload.operations(seed: seed, bufferBytes: 0xF10)
    #expect(workload.lines == (try IncidentFiles.requests("churn")))
    #expect(workload.lines.count == 3943)
  }

  @Test func theRemedyDiffersInTheDriversRequestsOnly() throws {
    let churn = try IncidentFiles.requests("churn")
    let remedy = try IncidentFiles.requests("remedy")
    let resized = churn.map { $0.replacing(" 0xf10", with: " 0x1000") }
    #expect(resized == remedy)
    #expect(resized.count { $0.hasPrefix("contiguous") } > 400)
    #expect(ChurnWorkload.operations(seed: seed, bufferBytes: 0x1000).lines == remedy)
  }

  /// What the story promises does not hang on the seed.
  @Test(arguments: [1, 2, 3]) func wholePagesHelpWhateverTheSeed(_ seed: UInt64) throws {
    let churn = try pagesLeft(seed, bufferBytes: 0xF10)
    let remedy = try pagesLeft(seed, bufferBytes: 0x1000)
    #expect(remedy * 3 < churn, "\(remedy) pages against \(churn)")
  }

  private func pagesLeft(_ seed: UInt64, bufferBytes: UInt64) throws -> Int {
    let lines = ChurnWorkload.operations(seed: seed, bufferBytes: bufferBytes).lines
    let text = (["config nonpaged_pages=512 slist=32"] + lines).joined(separator: "\n")
    let replay = try IncidentReplay.run(try TraceParser.operations(in: text))
    #expect(replay.problems == [])
    return IncidentPage.addresses(replay.view, isPaged: false).count
  }
}
