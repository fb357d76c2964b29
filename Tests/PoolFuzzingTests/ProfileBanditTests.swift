import KernelPool
import PropertyTesting
import Testing

@testable import PoolFuzzing

@Suite struct ProfileBanditTests {
  private let names = ["a", "b", "c", "d"]

  @Test func sharesAreEvenAtFirst() {
    let bandit = ProfileBandit(names)
    #expect(Set(bandit.shares).count == 1)
    #expect(bandit.shares.reduce(0, +) <= ProfileBandit.shareTotal)
    #expect(bandit.shares.reduce(0, +) > ProfileBandit.shareTotal - 16)
    #expect(bandit.noveltyPerMillion == 0)
  }

  @Test func whoBringsMoreGetsMoreAndNobodyLosesTheFloor() {
    var bandit = ProfileBandit(names)
    for _ in 0..<10 {
      for index in names.indices {
        bandit.charge(index, traces: 10, operations: 50_000, failures: 0)
      }
      bandit.credit(1, features: 100)
      bandit.credit(2, features: 10)
      bandit.endEpoch()
    }
    let floor = ProfileBandit.shareTotal / 2 / UInt64(names.count)
    #expect(bandit.shares[1] > bandit.shares[2])
    #expect(bandit.shares[2] > bandit.shares[0])
    #expect(bandit.shares.allSatisfy { $0 >= floor })
    #expect(bandit.shares.reduce(0, +) <= ProfileBandit.shareTotal)
    #expect(bandit.accounts[0].isExhausted)
    #expect(!bandit.accounts[1].isExhausted)
  }

  @Test func whatBroughtMuchOnceFades() {
    var bandit = ProfileBandit(names)
    bandit.charge(0, traces: 1, operations: 1000, failures: 1)
    bandit.creditFailure(0)
    bandit.endEpoch()
    let share = bandit.shares[0]
    for _ in 0..<60 {
      for index in names.indices {
        bandit.charge(index, traces: 1, operations: 10_000, failures: 0)
      }
      bandit.credit(3, features: 5)
      bandit.endEpoch()
    }
    #expect(bandit.shares[0] < share)
    #expect(bandit.accounts[0].recentReward == 0)
  }

  @Test func profilesAreDrawnByTheirShares() {
    var bandit = ProfileBandit(names)
    bandit.charge(2, traces: 1, operations: 10, failures: 0)
    bandit.credit(2, features: 1000)
    bandit.endEpoch()
    var choices = RandomChoices(seed: Seed(1))
    var counts = [0, 0, 0, 0]
    for _ in 0..<4000 { counts[bandit.draw(&choices)] += 1 }
    #expect(counts[2] > 2200 && counts[2] < 2800)
    #expect(counts.allSatisfy { $0 > 350 })
  }

  @Test func sharesFollowFromTheAccountsAlone() {
    var bandit = ProfileBandit(names)
    for round in 0..<20 as Range<UInt64> {
      for index in names.indices {
        bandit.charge(index, traces: 4, operations: 900 + round * 77, failures: 0)
        bandit.credit(index, features: Int(round) * index % 13)
      }
      bandit.endEpoch()
      #expect(bandit == ProfileBandit(bandit.accounts), "after epoch \(round + 1)")
    }
  }

  @Test func hugeNumbersDoNotOverflow() {
    var bandit = ProfileBandit(names)
    for index in names.indices {
      bandit.charge(index, traces: 1 << 40, operations: 1 << 44, failures: 0)
      bandit.credit(index, features: 1 << 40)
    }
    bandit.endEpoch()
    #expect(bandit.shares.reduce(0, +) <= ProfileBandit.shareTotal)
  }
}
