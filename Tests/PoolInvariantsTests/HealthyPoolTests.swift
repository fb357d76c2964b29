import KernelPool
import PoolInvariants
import Testing

/// A machine of the table below: a profile and what is changed of its defaults.
struct Machine: CustomTestStringConvertible {
  let name: String
  let configuration: PoolConfiguration
  var testDescription: String { name }

  init(_ profile: Profile, _ name: String, _ change: (inout PoolConfiguration) -> Void) {
    var configuration = PoolConfiguration(profile: profile)
    configuration.trackerEntries = 64
    configuration.bigTableEntries = 64
    configuration.nonPagedPages = 96
    configuration.pagedPages = 64
    configuration.sessionPages = 64
    configuration.contiguousPages = 16
    change(&configuration)
    self.name = "\(profile.name) \(name)"
    self.configuration = configuration
  }

  /// Every profile on machines that differ in what the invariants depend on.
  static let all: [Machine] = Profile.all.flatMap { profile -> [Machine] in
    [
      Machine(profile, "defaults") { _ in },
      Machine(profile, "without lookasides") { $0.lookasideDepth = 0 },
      Machine(profile, "short of memory") { machine in
        machine.nonPagedPages = 48
        machine.pagedPages = 12
        machine.sessionPages = 8
      },
      Machine(profile, "expanding") { machine in
        machine.nonPagedPages = 40
        machine.maximumNonPagedPages = 72
        machine.expansion = profile.name.hasSuffix("x64") ? .lowestFirst : .smallestCluster
        machine.availablePages = 25
      },
      Machine(profile, "tables beside the pool") { machine in
        machine.initialisation = .none
        machine.nonPagedPages = 24
        machine.processors = 2
      },
      Machine(profile, "pages of 512 bytes") { machine in
        machine.profile.pageBytes = 512
        machine.nonPagedPages = 256
      },
      Machine(profile, "pages of 128 bytes") { machine in
        machine.profile.pageBytes = 128
        machine.nonPagedPages = 640
        machine.lookasideDepth = 1
      },
      Machine(profile, "pages of 64 bytes") { machine in
        machine.profile.pageBytes = 64
        machine.nonPagedPages = 1000
      },
    ]
  }
}

@Suite("Healthy pools")
struct HealthyPoolTests {
  @Test("ordinary traffic breaks no invariant", arguments: Machine.all)
  func noFalseAlarm(_ machine: Machine) throws {
    for seed in 1...2 as ClosedRange<UInt64> {
      var audited = try AuditedPool(machine.configuration)
      var workload = RandomWorkload(seed: seed, machine.configuration.profile)
      #expect(audited.full().map(\.description) == [], "\(machine.name) at start")
      for operation in 0..<120 {
        workload.step(&audited)
        var violations = audited.cheap()
        if operation % 8 == 7 { violations += audited.full() }
        guard violations.isEmpty, audited.pool.halted == nil else {
          Issue.record(
            """
            \(machine.name) seed \(seed) operation \(operation) halted \
            \(String(describing: audited.pool.halted))
            \(violations.map(\.description).joined(separator: "\n"))
            \(audited.log.suffix(6).joined(separator: "\n"))
            """)
          break
        }
      }
      guard audited.pool.halted == nil else { continue }
      workload.drain(&audited)
      #expect(audited.full().map(\.description) == [], "\(machine.name) drained, seed \(seed)")
    }
  }
}
