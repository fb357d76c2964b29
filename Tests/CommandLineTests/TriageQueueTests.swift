import Foundation
import KernelPool
import PoolFuzzing
import PoolTestSupport
import PropertyTesting
import Testing

@testable import poolfuzz

/// What is filed depends on the failing traces and their numbers, never on how fast they come in or
/// are reduced.
struct TriageQueueTests {
  /// The failing traces of a campaign in which a reduction meets a failure that later traces show
  /// as well.
  private static let items: [WaitingTrace] = {
    let names = ["small-lists", "pages", "lookasides"]
    var plan = FuzzPlan(seed: Seed(1), profiles: names.compactMap(GeneratorProfile.named))
    plan.mutant = .splitLosesUnit
    plan.operationsPerTrace = 16
    plan.canaryInterval = 100
    let engine = FuzzEngine(plan)
    let findings = (0..<3).flatMap { _ in engine.runEpoch(jobs: 1) ?? [] }
    return findings.map {
      WaitingTrace(trace: $0.trace, profile: $0.profile, number: $0.number)
    }
  }()

  private static func queue(
    _ folder: String, _ findings: CampaignFindings = CampaignFindings()
  ) -> TriageQueue {
    TriageQueue(
      FindingStore(folder: folder), oracles: .everything, mutant: .splitLosesUnit, shrinks: true,
      findings: findings)
  }

  private static func wait(_ queue: TriageQueue) {
    while !queue.isIdle { usleep(500) }
  }

  /// The findings with the names of their files, and the files.
  private static func result(
    _ queue: TriageQueue, _ folder: String
  ) throws -> (filed: [String], files: [String: String]) {
    let filed = queue.findings.filed.map { $0.line.replacing(folder, with: "") }
    return (filed, try Scratch.tree(folder))
  }

  /// A campaign met a failure, and nothing shows it again: it is filed once, and told each time.
  @Test func whatDoesNotRepeatIsFiled() throws {
    let scratch = try Scratch()
    let queue = Self.queue(scratch.path)
    let passes = try PoolFuzzTrace.reading("alloc a NonPaged 24 Test\nfree a\n")
    for number in [3, 5] as [UInt64] {
      queue.add(WaitingTrace(trace: passes, profile: "pages", number: number))
    }
    Self.wait(queue)
    #expect(queue.findings.filed.map(\.identity) == [FailureIdentity("unrepeated")])
    #expect(queue.findings.filed.map(\.number) == [3])
    let notes = queue.takeNews().compactMap { news in
      if case .note(let text) = news { text } else { nil }
    }
    #expect(notes.map { $0.prefix(14) } == ["trace 3 failed", "trace 5 failed"])
    let files = try Scratch.tree(scratch.path)
    #expect(files.values.contains { $0.contains("# failure: unrepeated") })
  }

  @Test func whatIsFiledDoesNotDependOnTime() throws {
    let scratch = try Scratch()
    // Each is done before the next comes in.
    let quick = try scratch.folder("quick")
    let first = Self.queue(quick)
    for item in Self.items {
      first.add(item)
      Self.wait(first)
    }
    let wanted = try Self.result(first, quick)
    let others = first.findings.filed.filter { $0.metWhile != nil }
    #expect(
      others.contains { other in
        Self.items.contains { item in
          item.number > other.number && PoolShrinker.identity(of: item.trace) == other.identity
        }
      }, "nothing is met twice: this shows nothing")

    // All have come in before the first is done, because the disk is not there yet.
    let slow = scratch.path + "/slow"
    let second = Self.queue(slow)
    for item in Self.items { second.add(item) }
    while second.takeNews().isEmpty { usleep(500) }
    #expect(second.findings.filed.isEmpty)
    _ = try scratch.folder("slow")
    var halfWay = CampaignFindings()
    while !second.isIdle {
      let findings = second.findings
      if !findings.filed.isEmpty, halfWay.filed.isEmpty { halfWay = findings }
      usleep(200)
    }
    #expect(try Self.result(second, slow) == wanted)

    // Gone on with from a state that was saved half way, in a folder that has what was filed since.
    #expect(halfWay.filed.count > 0 && !halfWay.waiting.isEmpty)
    let third = Self.queue(slow, halfWay)
    Self.wait(third)
    #expect(try Self.result(third, slow) == wanted)
  }
}
