import AllocatorTargets
import Foundation
import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

/// The search for the most fragmenting program runs on any allocator, the same for the same seed.
@Suite struct FragmentationContestTests {
  /// What the model comes to with one seed.
  private static let ofTheModel = Result {
    try Self().contest.results(of: .windows2003x86, seedCount: 1)
  }

  private var contest: FragmentationContest {
    var contest = FragmentationContest()
    contest.peakLiveBytes = 65_536
    contest.candidates = 6
    return contest
  }

  private func results(_ library: String) throws -> FragmentationResults {
    let settings = TargetSettings(library: try Command.product("lib\(library).so"))
    return try contest.results(
      of: settings, name: library, seedCount: 1, executable: try Command.product("poolfuzz"))
  }

  @Test func theModelIsAnAllocatorToo() throws {
    let results = try contest.results(of: .windows2003x86, seedCount: 2)
    let finding = results.byHand
    #expect(finding == (try Self.ofTheModel.get()).byHand)
    #expect(finding.heldOverPeak > 2)
    #expect(finding.heldBytes % 4096 == 0)
    #expect(finding.peakLiveBytes <= 65_536 && finding.peakLiveBytes >= 32_768)
    #expect(results.bySearch.map(\.seed.value) == [1, 2])
    #expect(results.bySearch.allSatisfy { $0.finding.heldOverPeak >= finding.heldOverPeak })
  }

  @Test(arguments: [("target-tlsf", 4.5), ("target-buddy", 6.5)])
  func whatLooksAtAddressesIsWorseThanWhatDoesNot(_ library: String, _ least: Double) throws {
    let results = try results(library)
    #expect(results.byHand.heldOverPeak > least, "\(results.byHand)")
    #expect(results.byHand.program.hasPrefix("Robson"), "\(results.byHand)")
    // That the same seed comes to the same is no matter of the library.
    if TestScale.isWhole || library == "target-tlsf" {
      #expect(results.worst == (try self.results(library)).worst)
    }
  }

  @Test func moreProgramsFindNothingTamer() throws {
    var longer = contest
    longer.candidates = TestScale.count(8, all: 20)
    let short = try Self.ofTheModel.get().worst
    let long = try longer.results(of: .windows2003x86, seedCount: 1).worst
    #expect(long.heldOverPeak >= short.heldOverPeak)
  }

  @Test func anAllocatorThatDoesNotGetThroughIsSaidToBe() throws {
    var settings = TargetSettings(library: try Command.product("libtarget-faulty.so"))
    settings.option = "crash"
    let executable = try Command.product("poolfuzz")
    #expect(throws: TargetError.self) {
      _ = try contest.results(
        of: settings, name: "faulty", seedCount: 1, executable: executable)
    }
  }
}
