import KernelPool
import PropertyTesting
import Testing

@testable import PoolFuzzing

@Suite struct ProfileSchedulerTests {
  private let names = ["a", "b", "c", "d"]

  @Test func sharesAreEvenAtFirst() {
    let scheduler = ProfileScheduler(names)
    #expect(Set(scheduler.shares).count == 1)
    #expect(scheduler.shares.reduce(0, +) <= ProfileScheduler.shareTotal)
    #expect(scheduler.shares.reduce(0, +) > ProfileScheduler.shareTotal - 16)
    #expect(scheduler.noveltyPerMillion == 0)
  }

  @Test func whoBringsMoreGetsMoreAndNobodyLosesTheFloor() {
    var scheduler = ProfileScheduler(names)
    for _ in 0..<10 {
      for index in names.indices {
        scheduler.charge(index, traces: 10, operations: 50_000, failures: 0)
      }
      scheduler.credit(1, features: 100)
      scheduler.credit(2, features: 10)
      scheduler.endEpoch()
    }
    let floor = ProfileScheduler.shareTotal / 2 / UInt64(names.count)
    #expect(scheduler.shares[1] > scheduler.shares[2])
    #expect(scheduler.shares[2] > scheduler.shares[0])
    #expect(scheduler.shares.allSatisfy { $0 >= floor })
    #expect(scheduler.shares.reduce(0, +) <= ProfileScheduler.shareTotal)
    #expect(scheduler.statistics[0].isExhausted)
    #expect(!scheduler.statistics[1].isExhausted)
  }

  @Test func whatBroughtMuchOnceFades() {
    var scheduler = ProfileScheduler(names)
    scheduler.charge(0, traces: 1, operations: 1000, failures: 1)
    scheduler.creditFailure(0)
    scheduler.endEpoch()
    let share = scheduler.shares[0]
    for _ in 0..<60 {
      for index in names.indices {
        scheduler.charge(index, traces: 1, operations: 10_000, failures: 0)
      }
      scheduler.credit(3, features: 5)
      scheduler.endEpoch()
    }
    #expect(scheduler.shares[0] < share)
    #expect(scheduler.statistics[0].recentReward == 0)
  }

  @Test func profilesAreDrawnByTheirShares() {
    var scheduler = ProfileScheduler(names)
    scheduler.charge(2, traces: 1, operations: 10, failures: 0)
    scheduler.credit(2, features: 1000)
    scheduler.endEpoch()
    var choices = RandomChoices(seed: Seed(1))
    var counts = [0, 0, 0, 0]
    for _ in 0..<4000 { counts[scheduler.draw(&choices)] += 1 }
    #expect(counts[2] > 2200 && counts[2] < 2800)
    #expect(counts.allSatisfy { $0 > 350 })
  }

  @Test func sharesFollowFromTheAccountsAlone() {
    var scheduler = ProfileScheduler(names)
    for round in 0..<20 as Range<UInt64> {
      for index in names.indices {
        scheduler.charge(index, traces: 4, operations: 900 + round * 77, failures: 0)
        scheduler.credit(index, features: Int(round) * index % 13)
      }
      scheduler.endEpoch()
      #expect(scheduler == ProfileScheduler(scheduler.statistics), "after epoch \(round + 1)")
    }
  }

  @Test func hugeNumbersDoNotOverflow() {
    var scheduler = ProfileScheduler(names)
    for index in names.indices {
      scheduler.charge(index, traces: 1 << 40, operations: 1 << 44, failures: 0)
      scheduler.credit(index, features: 1 << 40)
    }
    scheduler.endEpoch()
    #expect(scheduler.shares.reduce(0, +) <= ProfileScheduler.shareTotal)
  }
}
