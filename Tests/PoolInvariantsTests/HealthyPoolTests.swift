import KernelPool
import PoolInvariants
import Testing

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
