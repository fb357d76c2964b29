import PoolTestSupport
import PropertyTesting
import Synchronization
import Testing

@testable import PropertyChecks

/// What `check` records, taken out of the run by a trait so that it stays green.
@Suite(.serialized) struct CheckTests {
  private static let recorded = Mutex<[Issue]>([])
  private static func take() -> [Issue] {
    recorded.withLock { issues in
      defer { issues = [] }
      return issues
    }
  }
  private static var intercepting: IssueHandlingTrait {
    .compactMapIssues { issue in
      guard issue.comments.contains(where: isOurs) else { return issue }
      recorded.withLock { $0.append(issue) }
      return nil
    }
  }
  private static func isOurs(_ comment: Comment) -> Bool {
    ["get gives", "no operation was", ".trace: line"].contains { comment.rawValue.contains($0) }
  }

  @Test(intercepting) func aFailureIsAnIssueAtTheCallersLine() throws {
    let line = #line + 1
    let failure = try #require(Property(of: CacheSubject.self).check())
    let issue = try #require(Self.take().first)
    #expect(issue.sourceLocation?.line == line && issue.sourceLocation?.fileID == #fileID)
    let text = try #require(issue.comments.first?.rawValue)
    #expect(text.hasPrefix(failure.message))
    #expect(text.hasPrefix("get gives a wrong answer: expected 0, got nil\n"))
    let again = "again: PROPERTY_SEED=1 PROPERTY_FIRST=\(number(failure)) PROPERTY_TRACES=1 "
    #expect(text.contains(again + "PROPERTY_OPERATIONS=100 swift test --filter aFailureIsAn"))
    #expect(text.contains("% found"))
    #expect(!text.contains("kept: "))
  }

  private func number<C, O>(_ failure: PropertyFailure<C, O>) -> Int {
    if case .generated(_, let number, _) = failure.source { number } else { -1 }
  }

  @Test(intercepting, .properties(traces: 0)) func aRunThatReachesNothingIsAnIssue() {
    #expect(Property(of: CacheSubject.self).check(reaching: ["found"]) == nil)
    #expect(
      Self.take().map { $0.comments.first?.rawValue } == ["no operation was 'found' in 0 traces"])
  }

  /// The trait of a test comes before that of its suite, and that before the test's own settings.
  @Suite(.properties(seed: Seed(7), traces: 3)) struct TraitTests {
    @Test(.properties(traces: 2)) func innerTraitsComeFirst() {
      let options = PropertyOptions.ofTraits
      #expect(options == PropertyOptions(seed: Seed(7), traces: 2))
      let settings = options.applied(to: PropertySettings(seed: Seed(1), operationLimit: 9))
      #expect(
        settings == PropertySettings(seed: Seed(7), traceCount: 2, operationLimit: 9))
    }
  }

  @Test(intercepting) func failingTracesAreKeptAndTriedFirst() throws {
    let scratch = try Scratch()
    func check() -> PropertyFailureSource? {
      PropertyOptions.$ofTraits.withValue(PropertyOptions(kept: scratch.path)) {
        Property(of: CacheSubject.self).check()?.source
      }
    }
    #expect(check() != .kept(index: 0))
    #expect(scratch.names == ["DeclaredMachine-CacheSubject"])
    let folder = scratch.path + "/DeclaredMachine-CacheSubject/"
    let name = try #require(try Scratch.names(folder).first)
    #expect(name.hasPrefix("get-gives-a-wrong-answer-") && name.hasSuffix(".trace"))
    #expect(Self.take().first?.comments.first?.rawValue.contains("kept: \(folder)\(name)") == true)
    #expect(check() == .kept(index: 0))
    #expect(try Scratch.names(folder) == [name])
    #expect(Self.take().count == 1)

    _ = try scratch.file("DeclaredMachine-CacheSubject/a.trace", "none\nmake s0 capacity=9\n")
    #expect(check() == nil)
    let words = Self.take().first?.comments.first?.rawValue
    #expect(words == "\(folder)a.trace: line 2: 'make s0 capacity=9' is no operation")
  }

  @Test func theEnvironmentIsReadOrRefused() throws {
    func options(_ variables: [String: String]) throws -> PropertyOptions {
      try PropertyOptions.environment { variables[$0] }
    }
    #expect(try options([:]) == PropertyOptions())
    #expect(
      try options([
        "PROPERTY_SEED": "0x10", "PROPERTY_FIRST": "4", "PROPERTY_TRACES": "0",
        "PROPERTY_OPERATIONS": "1", "PROPERTY_KEPT": "k",
      ])
        == PropertyOptions(seed: Seed(16), firstTrace: 4, traces: 0, operations: 1, kept: "k"))
    for (name, text) in [
      ("PROPERTY_SEED", "x"), ("PROPERTY_FIRST", "-1"), ("PROPERTY_TRACES", ""),
      ("PROPERTY_OPERATIONS", "0"), ("PROPERTY_TRACES", "9999999999999"),
    ] {
      let error = #expect(throws: PropertyOptionsError.self) { try options([name: text]) }
      #expect(error?.description.hasPrefix(name + ": '\(text)'") == true || name == "PROPERTY_SEED")
    }
  }
}
