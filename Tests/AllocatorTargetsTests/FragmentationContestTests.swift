import Foundation
import KernelPool
import PoolTestSupport
import PropertyTesting
import Testing

@testable import AllocatorTargets

/// The search for the most fragmenting program runs on any allocator, the same for the same seed.
@Suite struct FragmentationContestTests {
  /// What the model comes to with one seed.
  private static let ofTheModel = Result {
    try Self().contestOfTheModel.results(of: .windows2003x86, seedCount: 1)
  }

  private var contest: FragmentationContest {
    var contest = FragmentationContest()
    contest.peakLiveBytes = 65_536
    contest.candidates = 6
    return contest
  }

  /// The model is slow without the optimiser.
  private var contestOfTheModel: FragmentationContest {
    var contest = contest
    contest.peakLiveBytes = 32_768
    return contest
  }

  private func results(_ library: String) throws -> FragmentationResults {
    let settings = TargetSettings(library: try Command.product("lib\(library).so"))
    return try contest.results(
      of: settings, name: library, seedCount: 1, executable: try Command.product("poolfuzz"))
  }

  @Test func theModelIsAnAllocatorToo() throws {
    let results = try contestOfTheModel.results(of: .windows2003x86, seedCount: 2)
    let finding = results.byHand
    #expect(finding == (try Self.ofTheModel.get()).byHand)
    #expect(finding.heldOverPeak > 2)
    #expect(finding.heldBytes % 4096 == 0)
    #expect(finding.peakLiveBytes <= 32_768 && finding.peakLiveBytes >= 16_384)
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

  /// An allocator that keeps what was freed for requests of the same class, and gives nothing back.
  private final class KeepsFreedBlocks: MeasuredAllocator {
    let name = "keeps"
    private var blocks: [(address: UInt64, bytes: UInt64)?] = []
    private var kept: [UInt64: [UInt64]] = [:]
    private var heldBytes: UInt64 = 0

    func begin(slotCount: Int, arenaBytes: UInt64) {
      (blocks, kept, heldBytes) = (Array(repeating: nil, count: slotCount), [:], 0)
    }

    func run(_ calls: [TargetOperation]) -> [MeasuredAnswer] {
      calls.map { call in
        let slot = Int(call.slot)
        if call.call == .free, let block = blocks[slot] {
          kept[block.bytes, default: []].append(block.address)
          blocks[slot] = nil
        } else {
          let address = kept[call.bytes]?.popLast() ?? heldBytes
          if address == heldBytes { heldBytes += call.bytes }
          blocks[slot] = (address, call.bytes)
        }
        return MeasuredAnswer(
          address: blocks[slot]?.address ?? 0, isDone: true, heldBytes: heldBytes)
      }
    }
  }

  /// What keeps freed blocks class by class holds most for who keeps nothing and asks for every class.
  @Test func whatIsKeptOfFreedBlocksIsShown() throws {
    let programs = FragmentingProgram.byHand(peakLiveBytes: contest.peakLiveBytes)
    func worst(_ isWanted: (String) -> Bool) throws -> Double {
      try programs.filter { isWanted($0.name) }.map {
        try contest.evaluate($0.program, named: nil, KeepsFreedBlocks()).heldOverPeak
      }.max() ?? 0
    }
    let nothing = try worst { $0 == "ladder that keeps nothing" }
    #expect(nothing > 100)
    #expect(try nothing > 2 * worst { $0.hasPrefix("comb") || $0 == "Robson" })
    let steps = programs.map(\.program.steps.count).max() ?? 0
    #expect(steps < FragmentingProgram.mostSteps / 3 * 2, "none is cut off")
  }

  @Test func moreProgramsFindNothingTamer() throws {
    var longer = contest
    longer.candidates = 20
    let short = try contest.results(KeepsFreedBlocks(), seedCount: 1)
    let long = try longer.results(KeepsFreedBlocks(), seedCount: 1)
    #expect(long.byHand.heldOverPeak == short.byHand.heldOverPeak)
    #expect(long.worst.heldOverPeak >= short.worst.heldOverPeak)
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
