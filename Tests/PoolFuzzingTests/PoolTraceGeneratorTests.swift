import ContentHash
import KernelPool
import PoolFuzzing
import PoolOracles
import PoolTrace
import PropertyTesting
import Testing

@Suite struct PoolTraceGeneratorTests {
  private func trace(_ profile: GeneratorProfile, seed: UInt64, count: Int = 60) -> PoolFuzzTrace {
    var choices = RandomChoices(seed: Seed(seed))
    return PoolTraceGenerator.trace(profile, operationCount: count, choices: &choices)
  }

  @Test(arguments: GeneratorProfile.all.map(\.name))
  func aSeedMeansOneTrace(_ name: String) throws {
    let profile = try #require(GeneratorProfile.named(name))
    #expect(trace(profile, seed: 7) == trace(profile, seed: 7))
    #expect(trace(profile, seed: 7) != trace(profile, seed: 8))
    // A reduction leaves some out.
    #expect(trace(profile, seed: 7).operations.count >= (profile.rework == .numbers ? 50 : 60))
  }

  /// Every draw is a machine that can be: a trace without a machine would test nothing.
  @Test(arguments: GeneratorProfile.all.map(\.name))
  func everyMachineCanBe(_ name: String) throws {
    let profile = try #require(GeneratorProfile.named(name))
    for seed in 0..<12 {
      let setup = trace(profile, seed: UInt64(seed), count: 1).configuration
      #expect(setup.configuration.problem == nil, "\(setup)")
      #expect(throws: Never.self, "\(setup)") {
        _ = try KernelPool.boot(setup.configuration.pool)
      }
    }
  }

  @Test func everyStringOfBytesIsATrace() {
    var choices = RandomChoices(seed: Seed(3))
    for length in [0, 1, 2, 3, 10, 50, 200, 1000] {
      for _ in 0..<20 {
        let bytes = (0..<length).map { _ in UInt8(choices.draw(below: 256)) }
        let trace = PoolTraceGenerator.trace(decoding: bytes)
        #expect(trace == PoolTraceGenerator.trace(decoding: bytes))
        #expect(trace.operations.count <= PoolTraceGenerator.longestDecodedTrace + 2)
        if length >= 1000 { #expect(trace.operations.count > 20) }
      }
    }
  }

  /// Traces of every profile from seeds, from records and from bytes, as one number each: a change
  /// in the order of draws would change what every seed finds.
  @Test func aSeedMeansTheTracesThatItAlwaysMeant() {
    var sums: [String] = []
    for profile in GeneratorProfile.all {
      var sum = ContentHash()
      for seed in 0..<40 {
        sum.add(trace(profile, seed: UInt64(seed), count: 20 + seed * 4).text().utf8)
      }
      sums.append("\(profile.name) \(sum.text)")
    }
    var choices = RandomChoices(seed: Seed(11))
    var records = TraceRecords()
    var sum = (records: ContentHash(), bytes: ContentHash())
    for count in 0..<60 {
      var bytes = (0..<count * 12).map { _ in UInt8(choices.draw(below: 256)) }
      // Bytes above chose as their remainder did, before there were later profiles.
      if count > 0 { bytes[0] %= 225 }
      sum.records.add(records.trace(decoding: bytes).text().utf8)
      sum.bytes.add(PoolTraceGenerator.trace(decoding: bytes).text().utf8)
    }
    sums += ["from records \(sum.records.text)", "from bytes \(sum.bytes.text)"]
    #expect(sums == Self.sums, "\(sums.joined(separator: "\n"))")
  }

  /// The first byte chooses the later profiles too, in records and in bytes alike.
  @Test func bytesChooseTheLaterProfiles() {
    var systems: Set<String> = []
    var endings: [[PoolOperationKind]] = []
    var records = TraceRecords()
    for byte in 0...255 as ClosedRange<UInt8> {
      var choices = RandomChoices(seed: Seed(UInt64(byte)))
      let bytes = [byte] + (0..<400).map { _ in UInt8(choices.draw(below: 256)) }
      let trace = records.trace(decoding: bytes)
      let pool = trace.configuration.configuration.pool
      systems.insert(pool.profile.name)
      if byte >= 225 {
        let other = PoolTraceGenerator.trace(decoding: bytes).configuration.configuration.pool
        #expect(other.specialPool == pool.specialPool && other.profile.name == pool.profile.name)
      }
      guard pool.specialPool != .none else { continue }
      #expect(byte >= 225 && records.isMisuse)
      endings.append(trace.operations.suffix(2).map(\.operationKind))
    }
    #expect(systems.isSuperset(of: ["windows-vista-x86", "windows-vista-x64", "windows-8-x86"]))
    #expect(endings.count > 10 && endings.contains([.write, .free]))
  }

  private static let sums = [
    "general 3c1ae66757f883b1",
    "small-lists 34d57b3894fa2227",
    "lookasides 8075972494655f11",
    "pages 5c7a4aa17511c8f2",
    "large fb3ded20f8754f54",
    "exhaustion 3e6db3043d4da72b",
    "paged 99b2b602f601d604",
    "tags 00f9b35be6a11d76",
    "types a83b957acc19fb26",
    "contiguous 3d1484383679fd28",
    "deferred d801f00c99821c6d",
    "fragments 8820ed0c41c262c3",
    "double-free 2ecbef0a1352b3c5",
    "wrong-tag d555a18932f1dee3",
    "foreign-free 1407aeb9009b5059",
    "overflow 6fea8a9a431be321",
    "write-after-free cb36cb102f4d833b",
    "interrupt-level 6adbbe38c7c41a56",
    "stops 4635b9acd2e429f0",
    "facts d2d62dda4d88c3c2",
    "reductions d81f4199f74164c2",
    "limits 5aa85de243016527",
    "must-succeed 6388d0e5c797a200",
    "periods 9aca800eab349989",
    "long cafe6064807ea3f9",
    "newer e9b1b28097d8fef6",
    "special-pool 24d017c81ea7f48b",
    "from records 78ed61cebdcbd0f3",
    "from bytes 04ed3206893bb5df",
  ]

  /// What few traces come by has a profile that comes by it soon.
  @Test(arguments: [
    (Mutant.cacheLineAtLimit, "limits"), (.mustSucceedParameter, "must-succeed"),
    (.lookasideDepthThreshold, "periods"),
  ])
  func rareBugsAreReached(_ mutant: Mutant, _ name: String) throws {
    let profile = try #require(GeneratorProfile.named(name))
    #expect(MutantTrial(mutant, profile, seed: Seed(1), operationLimit: 4096).isKilled)
    #expect(!MutantTrial(.none, profile, seed: Seed(1), operationLimit: 512).isKilled)
  }

  @Test func operationsTellTheTruth() {
    var sample: [PoolOperation] = []
    for (index, profile) in GeneratorProfile.all.enumerated() {
      sample += trace(profile, seed: UInt64(index), count: 12).operations
    }
    let rare: [PoolTrace.Operation] = [
      .writeAt(.paged(16), [1, 2, 3]), .freeAt(.session(8), tag: PoolTag("Test")),
      .tick(seconds: 5),
    ]
    sample += rare.compactMap { PoolOperation($0) }
    let breaches = OperationLaws.breaches(of: sample)
    #expect(breaches.isEmpty, "\(breaches.first.map(\.description) ?? "")")
    #expect(PoolSetup().parameters.allSatisfy { $0.complexity == 0 })
  }

  @Test func aTraceIsWrittenAndReadAgain() throws {
    for profile in GeneratorProfile.all {
      let trace = trace(profile, seed: 5)
      let again = try PoolFuzzTrace.reading(trace.text())
      #expect(again.configuration == trace.configuration)
      #expect(again.operations.map(\.kind) == trace.operations.map(\.kind))
      // Numbers are given anew in order of first use, so the second round is exact.
      #expect(try PoolFuzzTrace.reading(again.text()) == again)
    }
  }

  @Test func longStoresAreReadInPieces() throws {
    let bytes = String(repeating: "ab", count: 40)
    let trace = try PoolFuzzTrace.reading("alloc x NonPaged 64 Test\nwrite x 2 \(bytes)\n")
    #expect(trace.operations.map(\.kind).count == 4)
    #expect(throws: TraceError.self) { try PoolFuzzTrace.reading("alloc x\n") }
  }

  /// Swarm omission leaves kinds out; the essential ones stay.
  @Test func swarmLeavesKindsOut() throws {
    let general = try #require(GeneratorProfile.named("general"))
    var withTicks = 0
    for seed in 0..<40 {
      let operations = trace(general, seed: UInt64(seed), count: 200).operations
      if operations.contains(where: { $0.operationKind == .tick }) { withTicks += 1 }
      #expect(operations.contains { $0.operationKind == .alloc })
    }
    #expect(withTicks > 4)
    #expect(withTicks < 40)
  }

  /// Every system is drawn by some profile where a campaign names none, but for those that differ from
  /// a drawn one in nothing but the name.
  @Test func everySystemIsDrawn() throws {
    var drawn: Set<String> = []
    for name in ["general", "newer"] {
      let profile = try #require(GeneratorProfile.named(name))
      for seed in 0..<60 {
        let configuration = trace(profile, seed: UInt64(seed), count: 1).configuration.configuration
        drawn.insert(configuration.pool.profile.name)
      }
    }
    for profile in Profile.all where !drawn.contains(profile.name) {
      let isAnother = Profile.all.contains { other in
        var renamed = other
        renamed.name = profile.name
        return drawn.contains(other.name) && renamed == profile
      }
      #expect(isAnother, "\(profile.name) is drawn by no profile and like none that is")
    }
  }

  /// A profile that changes the traces of others keeps to the systems that a campaign names.
  @Test(arguments: ["reductions", "newer", "special-pool"])
  func systemsThatAreNamedAreKeptTo(_ name: String) throws {
    var profile = try #require(GeneratorProfile.named(name))
    profile.machines.versions = ["windows-vista-x64"]
    // A reduction may replace the system as any other number.
    let others = (0..<20).count { seed in
      let configuration = trace(profile, seed: UInt64(seed), count: 5).configuration.configuration
      return configuration.pool.profile.name != "windows-vista-x64"
    }
    #expect(others <= (name == "reductions" ? 10 : 0))
  }

  /// Special pool is on, at both ends, of few pages and many, and blocks are freed after an overrun.
  @Test func specialPoolIsDrawn() throws {
    let profile = try #require(GeneratorProfile.named("special-pool"))
    let traces = (0..<40).map { trace(profile, seed: UInt64($0), count: 20) }
    let pools = traces.map(\.configuration.configuration.pool)
    #expect(pools.count { $0.specialPool != .none } > 30)
    #expect(Set(pools.map(\.specialPoolEdge)).count == 2)
    #expect(Set(pools.map(\.specialPoolPages)).count > 3)
    let kinds = traces.map { $0.operations.suffix(2).map(\.operationKind) }
    #expect(kinds.count { $0 == [.write, .free] } > 4)
    #expect(kinds.contains { $0.last == .freeAt })
  }

  @Test func negativeProfilesEndInMisuse() throws {
    for negative in NegativeOperation.allCases {
      let profile = try #require(GeneratorProfile.named(negative.rawValue))
      let last = try #require(trace(profile, seed: 1).operations.last)
      #expect([.freeAt, .write, .alloc].contains(last.operationKind))
    }
  }
}
