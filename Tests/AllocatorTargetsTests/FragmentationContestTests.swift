import AllocatorTargets
import Foundation
import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

/// The search for the most fragmenting program runs on any allocator, the same for the same seed.
@Suite struct FragmentationContestTests {
  private var contest: FragmentationContest {
    var contest = FragmentationContest()
    contest.peakLiveBytes = 65_536
    contest.candidates = 10
    contest.callLimit = 8_192
    return contest
  }

  private func worst(_ library: String) throws -> FragmentationFinding {
    let settings = TargetSettings(library: try Command.product("lib\(library).so"))
    return try contest.worst(
      of: settings, name: library, executable: try Command.product("poolfuzz"))
  }

  @Test func theModelIsAnAllocatorToo() throws {
    let finding = try contest.worst(of: .windows2003x86)
    #expect(finding == (try contest.worst(of: .windows2003x86)))
    #expect(finding.heldOverPeak > 2)
    #expect(finding.heldBytes % 4096 == 0)
    #expect(finding.peakLiveBytes <= 65_536 && finding.peakLiveBytes >= 32_768)
  }

  @Test(arguments: ["target-tlsf", "target-buddy"])
  func librariesAreSearchedTheSameWay(_ library: String) throws {
    let finding = try worst(library)
    #expect(finding.heldOverPeak > 1, "\(finding)")
    #expect(finding == (try worst(library)))
  }

  @Test func moreProgramsFindNothingTamer() throws {
    var longer = contest
    longer.candidates = 40
    let short = try contest.worst(of: .windows2003x86)
    let long = try longer.worst(of: .windows2003x86)
    #expect(long.heldOverPeak >= short.heldOverPeak)
  }

  @Test func anAllocatorThatDoesNotGetThroughIsSaidToBe() throws {
    var settings = TargetSettings(library: try Command.product("libtarget-faulty.so"))
    settings.option = "crash"
    let executable = try Command.product("poolfuzz")
    #expect(throws: TargetError.self) {
      _ = try contest.worst(of: settings, name: "faulty", executable: executable)
    }
  }
}
