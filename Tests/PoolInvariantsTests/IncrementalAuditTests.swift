import Foundation
import KernelPool
import PoolTestSupport
import PoolWalk
import PropertyTesting
import Testing

@testable import PoolInvariants

/// The incremental audit and the complete one always say the same, word for word.
@Suite("The incremental audit")
struct IncrementalAuditTests {
  private static let isLong = TestScale.isWhole

  @Test("every planted corruption is noticed, with the words of the complete audit")
  func plantedCorruptions() throws {
    for (index, planted) in Planted.all.enumerated() {
      let verdict = try Self.verdict(on: planted, leavingOut: nil)
      #expect(verdict.incremental == verdict.complete, "\(index): \(planted.invariant.rawValue)")
      #expect(!verdict.complete.isEmpty, "\(index): \(planted.invariant.rawValue)")
    }
  }

  /// What both audits say of a corruption, a step of the incremental one left out.
  private static func verdict(
    on planted: Planted, leavingOut step: IncrementalAudit.Step?
  ) throws -> (incremental: [String], complete: [String]) {
    var audited = try AuditedPool(planted.configuration)
    let addresses = planted.prepare(&audited)
    let first = audited.check()
    let second = audited.check()
    #expect(first == [] && second == [], "\(planted.invariant.rawValue): healthy before")
    #expect(
      audited.audit.walks == [.noCache: 1], "\(planted.invariant.rawValue): the cache was made")
    audited.audit.leftOut = step
    planted.corrupt(&audited, addresses)
    let incremental = audited.check()
    let complete = audited.full()
    return (incremental.map(\.description), complete.map(\.description))
  }

  @Test("the cache knows whose the pages of the kernel's own tables are")
  func tablesAreClaimed() throws {
    var audited = try AuditedPool(Machine.all[0].configuration)
    let violations = audited.check()
    #expect(violations == [] && audited.audit.walks == [.noCache: 1])
    var pages = 0
    for table in KernelTable.allCases {
      let (address, bytes) = table.extent(in: audited.pool.view)
      for place in stride(from: address, to: address + bytes, by: 0x1000) {
        guard let page = audited.audit.spaces.page(of: place) else { continue }
        pages += 1
        #expect(PageShare.owner(audited.audit.owners[page]) == PageOwner(table))
      }
    }
    #expect(pages > 0)
  }

  /// Every fourth step, or all of them in the long run.
  private static let steps = IncrementalAudit.Step.allCases.filter {
    isLong || $0.rawValue.isMultiple(of: 4)
  }

  @Test("each of its steps is needed", arguments: steps)
  func everyStepIsNeeded(_ step: IncrementalAudit.Step) throws {
    // Books that skip a step miss at least one of the planted corruptions.
    for planted in Planted.all {
      let verdict = try Self.verdict(on: planted, leavingOut: step)
      if verdict.incremental != verdict.complete { return }
    }
    Issue.record("nothing notices that \(step) is left out")
  }

  @Test("ordinary traffic gets the same verdict", arguments: Machine.all.indices)
  func ordinaryTraffic(_ index: Int) throws {
    let styles = RandomWorkload.Style.allCases
    for style in Self.isLong ? styles : [styles[index % styles.count]] {
      try Self.compare(
        Machine.all[index], style, seed: UInt64(index) + 11, operations: Self.isLong ? 400 : 8)
    }
  }

  private static func compare(
    _ machine: Machine, _ style: RandomWorkload.Style, seed: UInt64, operations: Int
  ) throws {
    var audited = try AuditedPool(machine.configuration)
    var workload = RandomWorkload(seed: seed, machine.configuration.profile, style)
    for operation in 0..<operations where audited.pool.halted == nil {
      workload.step(&audited)
      let incremental = audited.check()
      let complete = audited.full()
      guard incremental == complete, complete == [] else {
        Issue.record(
          """
          \(machine.name) \(style) operation \(operation) \(audited.log.last ?? "")
          \(incremental) \(complete)
          """)
        return
      }
    }
    // Nothing but a rare coincidence has everything walked.
    let known = audited.audit.walks.filter { $0.key != .noCache }
    #expect(known.values.reduce(0, +) <= 1, "\(machine.name): \(known)")
  }

  @Test(
    "a table that is resized is followed",
    arguments: isLong ? [Profile.windows7x64, .windows7x86] : [.windows7x64])
  func resizedTable(_ profile: Profile) throws {
    var audited = try AuditedPool(
      Machine(profile, "resized") {
        $0.bigTableEntries = 256
        $0.pagedPages = 400
      }.configuration)
    var sizes: Set<UInt64> = []
    func compare(_ audited: inout AuditedPool, _ operation: Int) {
      let incremental = audited.check()
      let isMoved = sizes.insert(audited.pool.view.variables.bigTableEntries).inserted
      let complete = isMoved || operation % 64 == 0 ? audited.full() : []
      #expect(incremental == [] && complete == [], "operation \(operation)")
    }
    var held: [Address] = []
    for operation in 0..<260 {
      held.append(audited.taking(.paged, 0x1000))
      compare(&audited, operation)
    }
    #expect(sizes == [256, 512], "it grew")
    while held.count > 2 {
      audited.free(held.removeFirst())
      compare(&audited, held.count)
    }
    let entries = audited.pool.view.variables.bigTableEntries
    #expect(entries == 256, "it shrank")
    #expect(audited.audit.walks == [.noCache: 1])
    // The entries are where they are now, and are looked at there.
    let view = audited.pool.view
    let found = audited.audit.complete.bigPlace(view, of: held[1])
    let place = try #require(found)
    audited.poke(place + view.profile.wordBytes, 0x4141_4141)
    let seen = audited.check()
    let complete = audited.full()
    #expect(seen == complete && seen.contains { $0.invariant == .bigTableTag })
  }

  @Test("stray stores get the same verdict", arguments: Profiles.all.indices)
  func strayStores(_ index: Int) throws {
    let profile = Profiles.all[index]
    var noticed = 0
    for seed in 0..<(Self.isLong ? 200 : 2) as Range<UInt64> {
      var audited = try AuditedPool(Machine(profile, "to be smashed") { _ in }.configuration)
      var random = SplitMix64(seed: seed * 31 + UInt64(index))
      var workload = RandomWorkload(
        seed: seed, profile, RandomWorkload.Style.allCases[Int(seed) % 3])
      for operation in 0..<(Self.isLong ? 60 : 20) where audited.pool.halted == nil {
        if operation % 8 == 7 {
          let place = WildMemoryTests.place(&random, audited)
          audited.poke(place, UInt32(truncatingIfNeeded: random.next()))
        } else {
          workload.step(&audited)
        }
        let incremental = audited.check()
        let complete = audited.full()
        #expect(
          incremental == complete, "\(profile.name) seed \(seed) operation \(operation)")
        if incremental != complete { return }
        noticed += complete.isEmpty ? 0 : 1
      }
    }
    if Self.isLong { #expect(noticed > 20, "many stores are noticed") }
  }

  @Test(
    "a bug of the model gets the same verdict at the same operation",
    arguments: Mutant.allCases)
  func bugsOfTheModel(_ mutant: Mutant) throws {
    let machines = Self.isLong ? Machine.all : Self.short(mutant)
    for (index, machine) in machines.enumerated() {
      var audited = try AuditedPool(machine.configuration, mutant: mutant)
      var workload = RandomWorkload(
        seed: UInt64(index) + 5, machine.configuration.profile,
        RandomWorkload.Style.allCases[index % 3])
      for operation in 0..<(Self.isLong ? 200 : 8) where audited.pool.halted == nil {
        workload.step(&audited)
        let incremental = audited.check()
        let complete = audited.full()
        #expect(
          incremental == complete, "\(mutant.rawValue) \(machine.name) operation \(operation)")
        if !complete.isEmpty || incremental != complete { break }
      }
    }
  }

  /// A machine for each in turn, so that all bugs together see all of them.
  private static func short(_ mutant: Mutant) -> [Machine] {
    let number = Mutant.allCases.firstIndex(of: mutant) ?? 0
    return [Machine.all[(number * 7) % Machine.all.count]]
  }

  @Test("a store to a page far away is seen at the operation that made it")
  func farAway() throws {
    var audited = try AuditedPool(Machine(.windows2003x86, "quiet") { _ in }.configuration)
    let victim = audited.taking(.nonPaged, 600)
    let others = (0..<40).map { _ in audited.taking(.nonPaged, 3000) }
    let healthy = audited.check()
    #expect(healthy == [])
    audited.free(others[7])
    audited.poke(victim + 300, 0x4141_4141)
    let seen = audited.check()
    #expect(seen.map(\.invariant) == [.livePattern])
    #expect(audited.audit.walks == [.noCache: 1, .brokenRule: 1])
  }

  @Test("a table of large allocations that moves is followed, and what it takes is counted")
  func movedTable() throws {
    let machine = Machine(.windows7x86, "full") {
      $0.bigTableEntries = 512
      $0.nonPagedPages = 2048
    }
    var audited = try AuditedPool(machine.configuration)
    let first = audited.pool.view.variables.bigTable
    for _ in 0..<500 { audited.allocate(.nonPaged, 4096) }
    var violations = audited.check()
    for _ in 0..<20 {
      audited.allocate(.nonPaged, 4096)
      violations += audited.check()
    }
    #expect(violations == [] && audited.pool.view.variables.bigTable != first)
    #expect(audited.audit.walks == [.noCache: 1] && audited.audit.falseAlarms == 0)
  }

  @Test("a large allocation that found the table full is followed until it is freed")
  func allocationsWithoutAnEntry() throws {
    let machine = Machine(.windows2003x64, "full") {
      $0.profile.bigTableResizing = .fixed
      $0.initialisation = .none
      $0.bigTableEntries = 64
      $0.nonPagedPages = 128
    }
    var audited = try AuditedPool(machine.configuration)
    var violations: [Violation] = audited.check()
    while audited.pool.view.variables.bigTableInUse < 64 {
      audited.allocate(.nonPaged, 4096)
      violations += audited.check()
    }
    for _ in 0..<2 {
      let address = audited.taking(.nonPaged, 8192)
      violations += audited.check()
      guard let number = audited.audit.large.number(at: address) else { throw TestPool.Failed() }
      let place = audited.audit.large.claims[number].place
      #expect(place == 0)
      audited.free(address)
      violations += audited.check()
      let left = audited.audit.large.number(at: address)
      #expect(left == nil)
    }
    #expect(violations == [] && audited.audit.walks == [.noCache: 1])
  }

  @Test("what large allocations are charged is followed", arguments: [PoolType.nonPaged, .paged])
  func chargesOfLargeAllocations(_ type: PoolType) throws {
    let machine = Machine(.windows2003x64, "charged") { $0.profile.largeQuota = .charged }
    var audited = try AuditedPool(machine.configuration)
    var violations = audited.check()
    let address = audited.taking(type.union(.quota), 0x2800)
    violations += audited.check()
    let charged = audited.pool.view.variables.chargedBytes
    #expect(charged.nonPaged + charged.paged == 0x3000)
    audited.free(address)
    violations += audited.check()
    #expect(violations == [] && audited.audit.walks == [.noCache: 1])
  }

  @Test("a large allocation is looked at from its first byte on, also where it is new")
  func firstByteOfANewLargeAllocation() throws {
    var audited = try AuditedPool(Machine(.windows7x64, "quiet") { _ in }.configuration)
    let healthy = audited.check()
    let address = audited.taking(.nonPaged, 0x2000)
    let old = try #require(audited.pool.view.byte(address))
    _ = [~old].withUnsafeBytes { audited.pool.write(address, $0) }
    let seen = audited.check()
    #expect(healthy == [] && seen.map(\.invariant) == [.livePattern])
  }

  @Test("what was touched is forgotten after each check")
  func touchesAreForgotten() {
    var touched = DirtySet()
    let lines = DirtySet.Lines(page: 1, lines: 1)
    touched.blockLines.append(lines)
    touched.largeLines.append(lines)
    touched.outsideLines.append(1)
    touched.pages.append(1)
    touched.releases.append(DirtySet.Range(first: 1, count: 1, owner: 0))
    touched.claims.append(DirtySet.Range(first: 1, count: 1, owner: 0))
    touched.large.append(1)
    touched.entries.append(1)
    touched.rows.append(1)
    touched.tags.append(1)
    touched.waiting.append(1)
    (touched.descriptors, touched.pending, touched.kinds) = (1, 1, 1)
    (touched.hasRunHeads, touched.hasSinglePages) = (true, true)
    touched.removeAll()
    let counts = [
      touched.blockLines.count, touched.largeLines.count, touched.outsideLines.count,
      touched.pages.count, touched.releases.count, touched.claims.count, touched.large.count,
      touched.entries.count, touched.rows.count, touched.tags.count, touched.waiting.count,
    ]
    #expect(counts.allSatisfy { $0 == 0 })
    let bits = touched.descriptors | touched.pending | touched.kinds
    let hasLists = touched.hasRunHeads || touched.hasSinglePages
    #expect(bits == 0 && !hasLists)
  }

  @Test("what an owner has written splits its pattern, of which both parts are compared")
  func patternsAroundWrites() throws {
    for (offset, isNoticed) in [(40, true), (96, false), (103, false), (160, true)]
      as [(Int64, Bool)]
    {
      var audited = try AuditedPool(Machine(.windows7x64, "quiet") { _ in }.configuration)
      let victim = audited.taking(.nonPaged, 200)
      audited.live.update(victim) { $0.noteWrite(offset: 96, count: 8) }
      audited.poke(victim + 96, 0x4141_4141, 0x4242_4242)
      let healthy = audited.check() + audited.full()
      #expect(healthy == [])
      let place = victim + UInt64(offset)
      let old = try #require(audited.pool.view.byte(place))
      _ = [~old].withUnsafeBytes { audited.pool.write(place, $0) }
      let seen = audited.check()
      let complete = audited.full()
      #expect(seen == complete && seen.map(\.invariant) == (isNoticed ? [.livePattern] : []))
    }
  }

  @Test("the cache is confirmed now and then, and stays")
  func confirmations() throws {
    var audited = try AuditedPool(Machine(.reactosX86, "quiet") { _ in }.configuration)
    let kept = audited.taking(.nonPaged, 100)
    let checks = 16 * (96 + 64) + IncrementalAudit.confirmationOperations + 2048
    for _ in 0..<checks {
      let violations = audited.check()
      if !violations.isEmpty { Issue.record("\(violations)") }
    }
    #expect(audited.audit.walks[.confirmation] ?? 0 >= 1)
    #expect(audited.audit.falseAlarms == 0)
    audited.free(kept)
    let violations = audited.check()
    #expect(violations == [])
  }
}
