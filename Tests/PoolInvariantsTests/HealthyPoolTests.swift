import KernelPool
import PoolInvariants
import PoolTestSupport
import Testing

@Suite("Healthy pools")
struct HealthyPoolTests {
  @Test("ordinary traffic breaks no invariant", arguments: Machine.all.indices)
  func noFalseAlarm(_ index: Int) throws {
    let machine = Machine.all[index]
    let styles = RandomWorkload.Style.allCases
    try run(machine, styles[index % 3], seed: UInt64(index) + 1)
  }

  private func run(_ machine: Machine, _ style: RandomWorkload.Style, seed: UInt64) throws {
    var audited = try AuditedPool(machine.configuration)
    var workload = RandomWorkload(seed: seed, machine.configuration.profile, style)
    let atStart = audited.full()
    #expect(atStart.map(\.description) == [], "\(machine.name) at start")
    for operation in 0..<80 {
      workload.step(&audited)
      var violations = audited.cheap()
      if operation % 8 == 7 { violations += audited.full() }
      guard violations.isEmpty, audited.pool.halted == nil else {
        Issue.record(
          """
          \(machine.name) \(style) operation \(operation) halted \
          \(String(describing: audited.pool.halted))
          \(violations.map(\.description).joined(separator: "\n"))
          \(audited.log.suffix(6).joined(separator: "\n"))
          """)
        return
      }
    }
    workload.drain(&audited)
    #expect(audited.pool.halted == nil, "\(machine.name) \(style) drained")
    #expect(audited.audit.falseAlarms == 0, "\(machine.name) \(style): the first tier fell back")
    let atEnd = audited.full()
    #expect(atEnd.map(\.description) == [], "\(machine.name) \(style) drained")
  }
}
