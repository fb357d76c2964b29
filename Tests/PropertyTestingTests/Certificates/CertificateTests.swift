import ContentHash
import PropertyTesting
import Testing

@Suite struct CertificateTests {
  private typealias PoolTrace = Trace<ToyPoolConfiguration, ToyPoolOperation>
  private let identity = FailureIdentity("freeNeighbours after free")
  private let runner = TraceRunner<ToyPool>()

  private func trace(_ bug: ToyPoolBug, _ lines: String...) -> PoolTrace {
    PoolTrace(
      configuration: ToyPoolConfiguration(bug: bug),
      operations: lines.compactMap { ToyPoolOperation($0) })
  }

  private var minimal: PoolTrace {
    trace(.forgetsPrevious, "alloc s0 5", "alloc s1 5", "free s0", "free s1")
  }

  private func certificate(_ trace: PoolTrace) throws -> Certificate {
    try #require(Certificate(of: trace, identity) { runner.run($0) })
  }

  private let text = """
    certificate 2
    failure: freeNeighbours after free
    shows at: 4
    configuration: 2 3 3
    operation: alloc s0 5
    without it: passes
    operation: alloc s1 5
    without it: passes
    operation: free s0
    without it: passes
    operation: free s1
    without it: passes
    lifetime: s0 1 3
    without it: passes
    lifetime: s1 2 4
    without it: passes
    end
    hash 4c90662dff25f5ff

    """

  /// A changed text with the hash that belongs to it.
  private func rehashed(_ text: String) -> String { ContentHash.sealed(String(text.dropLast(22))) }

  @Test func itSaysWhatEachOperationIsThereFor() throws {
    let certificate = try certificate(minimal)
    #expect(certificate.description == text)
    #expect(certificate.isMinimal)
    #expect(certificate.discrepancies(for: minimal) { runner.run($0) } == [])
  }

  @Test func itIsReadBack() throws {
    #expect(try Certificate(parsing: text) == certificate(minimal))
    let windows = text.split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: "\r\n")
    #expect(try Certificate(parsing: windows) == certificate(minimal))
    // One of before there was a hash, and none that merely says that it is.
    let old = text.replacing("certificate 2", with: "certificate 1")
    #expect(try Certificate(parsing: String(old.dropLast(22))) == certificate(minimal))
    #expect(throws: CertificateError.self) { try Certificate(parsing: old) }
  }

  @Test func anotherFailureIsNamedAtItsOperationInTheWholeTrace() throws {
    // Three creations fail as a triple; without one of them as a pair, at the same insertion.
    let operations: [CatalogOperation] = [
      .create(Slot(0), name: 0), .create(Slot(1), name: 1), .create(Slot(2), name: 2),
      .insert(Slot(2)),
    ]
    let trace = Trace(configuration: ToyConfiguration(bug: 3), operations: operations)
    let execute = { TraceRunner<Catalog>().run($0) }
    let certificate = try #require(
      Certificate(of: trace, FailureIdentity("triple"), execute: execute))
    let pair = RemovalOutcome.failsOtherwise(FailureIdentity("pair"), step: 3)
    #expect(certificate.operations.map(\.without) == [pair, pair, .passes, .passes])
    #expect(certificate.description.contains("fails otherwise at 4: pair"))
    #expect(try Certificate(parsing: certificate.description) == certificate)
  }

  @Test func aTraceThatIsNotMinimalIsFoundOut() throws {
    let long = trace(
      .forgetsPrevious, "alloc s9 6", "alloc s0 5", "alloc s1 5", "free s0", "free s1")
    let certificate = try certificate(long)
    #expect(!certificate.isMinimal)
    #expect(certificate.operations[0].without == .failsTheSame)
    let found = certificate.discrepancies(for: long) { runner.run($0) }
    #expect(found == [.notMinimal(removed: [.init(index: 0, text: "alloc s9 6")])])
    #expect(found.first?.description == "it fails the same without operation 1 (alloc s9 6)")
  }

  @Test func aTraceThatDoesNotFailHasNone() {
    #expect(Certificate(of: trace(.none, "alloc s0 5"), identity) { runner.run($0) } == nil)
    #expect(Certificate(of: minimal, FailureIdentity("x")) { runner.run($0) } == nil)
  }

  @Test func everyKindOfDiscrepancyIsFound() throws {
    let certificate = try certificate(minimal)
    func found(_ trace: PoolTrace) -> [CertificateDiscrepancy] {
      certificate.discrepancies(for: trace) { runner.run($0) }
    }
    var fixed = minimal
    fixed.configuration.bug = .none
    #expect(found(fixed) == [.failureIsGone(identity)])
    var other = minimal
    other.configuration.pages = 2
    #expect(found(other) == [.configurationDiffers(actual: "2 2 3", expect: "2 3 3")])
    let renamed = trace(.forgetsPrevious, "alloc s0 6", "alloc s1 6", "free s0", "free s1")
    #expect(found(renamed).count == 1)
    #expect(found(renamed).first?.description.contains("alloc s0 6") == true)
    let forged = text.replacing(
      "without it: passes\noperation: free s0",
      with: "without it: fails the same\noperation: free s0")
    #expect(throws: CertificateError.self) { try Certificate(parsing: forged) }
    let lie = try Certificate(parsing: rehashed(forged))
    let outcome = CertificateDiscrepancy.outcomeDiffers(
      removed: [.init(index: 1, text: "alloc s1 5")], actual: .passes, expect: .failsTheSame)
    #expect(
      outcome.description == "without operation 2 (alloc s1 5) it passes, and not: fails the same")
    #expect(lie.discrepancies(for: minimal) { runner.run($0) } == [outcome])
    let late = try Certificate(
      parsing: rehashed(text.replacing("shows at: 4", with: "shows at: 3")))
    let lives = try Certificate(parsing: rehashed(text.replacing("s0 1 3", with: "s0 1 4")))
    #expect(
      late.discrepancies(for: minimal) { runner.run($0) }
        == [.stepDiffers(actual: 3, expect: 2)])
    #expect(lives.discrepancies(for: minimal) { runner.run($0) } == [.lifetimesDiffer])
  }

  @Test(arguments: [
    ("", 1), ("certificate 9\n", 1), ("certificate 2\n", 2), ("certificate 1\nfailure x\n", 2),
    ("certificate 1\nfailure: x\nshows at: 0\n", 3),
    ("certificate 1\nfailure: x\nshows at: -1\n", 3),
    ("certificate 1\nfailure: x\nshows at: 99999999999999999999\n", 3),
    ("certificate 1\nfailure: x\nshows at: 3\nconfiguration: c\nend\n", 3),
    ("certificate 1\nfailure: x\nshows at: 1\nconfiguration: c\noperation: o\nend\n", 6),
    (
      "certificate 1\nfailure: x\nshows at: 1\nconfiguration: c\noperation: o\n"
        + "without it: maybe\nend\n", 6
    ),
    (
      "certificate 1\nfailure: x\nshows at: 1\nconfiguration: c\noperation: o\n"
        + "without it: fails otherwise at 0: y\nend\n", 6
    ),
    (
      "certificate 1\nfailure: x\nshows at: 1\nconfiguration: c\nlifetime: q 1\n"
        + "without it: passes\nend\n", 5
    ),
    (
      "certificate 1\nfailure: x\nshows at: 1\nconfiguration: c\nlifetime: s0 7\n"
        + "without it: passes\nend\n", 5
    ),
    ("certificate 1\nfailure: x\nshows at: 1\nconfiguration: c\n", 5),
  ])
  func whatIsNoCertificateIsRefusedAtItsLine(text: String, line: Int) {
    let error = #expect(throws: CertificateError.self) { try Certificate(parsing: text) }
    #expect(error?.line == line)
    #expect(error?.description.hasPrefix("line \(line): ") == true)
  }

  /// All the shrinker's results on hard traces have a true certificate.
  @Test(arguments: ToyPoolBug.allCases.filter { $0 != .none })
  func minimalTracesAreCertified(bug: ToyPoolBug) throws {
    for failing in PoolSubject.failing(ToyPoolConfiguration(bug: bug), count: 4, seed: 41) {
      let result = Shrinker(ToyPool.self, budget: ShrinkBudget(searchLimit: 0)).shrink(
        failing.trace, failing.identity)
      let certificate = try #require(
        Certificate(of: result.trace, failing.identity) { runner.run($0) })
      #expect(certificate.isMinimal)
      let read = try Certificate(parsing: certificate.description)
      #expect(read.discrepancies(for: result.trace) { runner.run($0) } == [])
    }
  }

  @Test func lineBreaksInWordsDoNotBreakTheForm() {
    #expect(FailureIdentity("a\nb\r\nc").description == "a b c")
  }
}
