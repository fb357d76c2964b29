import PropertyTesting
import Testing

@Suite struct DeclarationTests {
  private typealias Healthy = DeclaredMachine<ListSubject<NoListBug>>
  private typealias Operation = DeclaredOperation<ListSubject<NoListBug>>

  private func failure<Bug: ListBug>(
    _ bug: Bug.Type
  ) throws -> PropertyFailure<NoConfiguration, DeclaredOperation<ListSubject<Bug>>> {
    let settings = PropertySettings(shrinking: ShrinkBudget(searchLimit: 2_000))
    return try #require(Property(of: ListSubject<Bug>.self, settings).firstFailure())
  }

  @Test func aHealthySubjectHasNoFailure() {
    let property = Property(
      of: ListSubject<NoListBug>.self, PropertySettings(traceCount: 60, operationLimit: 40))
    let (failure, statistics) = property.run()
    #expect(failure?.message == nil)
    #expect(statistics.traceCount == 60)
    #expect(statistics.rows.count == 7)
    #expect(statistics.rows.values.allSatisfy { $0.performedCount > 0 })
    let push = statistics.rows[2]
    #expect(push?.name == "push" && push?.refusedCount ?? 0 > 0)
    let last = statistics.rows[3]
    let counted = statistics.count(of: "empty") + statistics.count(of: "filled")
    #expect(statistics.count(of: "filled") > 0 && counted == last?.performedCount)
    #expect(statistics.description.hasPrefix("60 traces\n  open: "))
  }

  /// The message has the rule, the values and the answers of each kind of report.
  @Test func valuesAndAnswersAreInTheMessage() throws {
    let sum = try failure(SumBug.self)
    #expect(
      sum.trace.description == "none\nopen s0\npush s0 value=-3 end=front")
    #expect(sum.message.hasPrefix("the sum is that of the list: 0 for [-3]\n  1. open s0  [with"))
    let move = try failure(MoveBug.self)
    #expect(move.message.hasPrefix("the sum is that of the list: 0 for "))
    #expect(move.answers.last == "2" && move.message.contains(" -> 2  [without it: passes]\n"))
    let leak = try failure(LeakBug.self)
    #expect(leak.message.hasPrefix("no room is lost: 1 lost\n"))
    let thrown = try failure(ThrowBug.self)
    #expect(thrown.message.hasPrefix("push throws: Full()\n"))
    #expect(thrown.certificate?.isMinimal == true)
    let length = try #require(thrown.certificate?.length)
    #expect("\(length)" == "\(thrown.shrinking.length)" && length != .unknown)
  }

  /// What bytes and generators make is read back as it was, and everything else is refused.
  @Test func operationsAreReadBack() {
    let property = Property(of: ListSubject<NoListBug>.self)
    let operations = (0..<20).flatMap { property.trace($0).trace.operations }
    #expect(Set(operations.map(\.kind)).count == 7)
    for operation in operations { #expect(Operation("\(operation)") == operation) }
    for text in [
      "", "shut s0", "open", "open s0 s1", "open t0", "of s0 value=6 count=1 twice=false",
      "of s0 value=0 count=1 twice=no", "of s0 count=1 value=0 twice=false", "move s0",
      "push s0 value=0", "settle s0",
    ] {
      #expect(Operation(text) == nil, "\(text)")
    }
    #expect(Operation("move s0 s0").map { $0.slots.second?.slot } == Slot(0))
  }

  @Test func declaredOperationsKeepTheLaws() {
    let property = Property(of: ListSubject<NoListBug>.self)
    for number in 0..<6 {
      let trace = property.trace(number).trace
      #expect(OperationLaws.breaches(of: Array(trace.operations.prefix(25))) == [])
      #expect(MachineLaws.breaches(of: Healthy.self, on: trace, seed: Seed(3)) == [])
    }
    // Values of one name have one role, wherever they stand.
    let of = Operation("of s0 value=1 count=2 twice=true")?.parameters.map(\.role)
    let push = Operation("push s0 value=1 end=back")?.parameters.map(\.role)
    #expect(of?.first == push?.first && Set((of ?? []) + (push ?? [])).count == 4)
  }

  /// Bytes name slots and kinds whatever the state; the machine skips what means nothing.
  @Test func everyStringOfBytesIsATrace() {
    for seed in 0..<40 {
      var choices = RandomChoices(seed: Seed(UInt64(seed)))
      let bytes = (0..<60).map { _ in UInt8(choices.draw(below: 256)) }
      let trace = TraceGenerator<DeclaredModel<ListSubject<NoListBug>>>.trace(
        decoding: bytes, operationLimit: 30)
      #expect(TraceRunner<Healthy>().run(trace).failure == nil, "\(trace)")
    }
  }

  /// A kept trace comes first, and the message says that it was one.
  @Test func keptTracesAreTriedFirst() throws {
    let property = Property(of: ListSubject<SumBug>.self, PropertySettings(traceCount: 0))
    typealias Kept = Trace<NoConfiguration, DeclaredOperation<ListSubject<SumBug>>>
    let passes = try Kept(parsing: "none\nopen s0")
    let fails = try Kept(parsing: "none\nopen s1\nlast s1\npush s1 value=-3 end=back\nlast s1")
    #expect(property.firstFailure(trying: [passes]) == nil)
    let failure = try #require(property.firstFailure(trying: [passes, fails]))
    #expect(failure.source == .kept(index: 1))
    #expect(failure.message.contains("found by: kept trace 2"))
    #expect(failure.trace.operations.count == 2)
  }

  /// A wide range gives its ends and landmarks far more often than chance would.
  @Test func landmarksAreDrawn() {
    let property = Property(of: WideSubject.self, PropertySettings(operationLimit: 400))
    let texts = (0..<4).flatMap { property.trace($0).trace.operations.map(\.description) }
    for value in [-1_000_000, 0, 4096, 1_000_000] {
      #expect(texts.contains("take at=\(value)"), "\(value)")
    }
    #expect(Set(texts).count > 50)
  }
}

private struct WideSubject: DeclaredSubject {
  typealias Thing = Int
  static let operations: [OperationDeclaration<Self>] = [
    .acts("take", .int("at", -1_000_000...1_000_000, landmarks: [4096])) { _, _ in .done }
  ]
}
