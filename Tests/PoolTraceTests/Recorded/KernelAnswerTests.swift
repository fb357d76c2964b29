import Foundation
import KernelPool
import PoolOracles
import PoolTestSupport
import PoolTrace
import Testing

/// What a kernel-mode test found on real systems, held against the profiles of these versions.
@Suite struct KernelAnswerTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Corpus/kernel-tests")

  /// The profiles that have a trace of their own.
  private static let own = [
    "windows-2003-x86", "windows-7-x86", "windows-7-x64", "windows-8-x86", "windows-8-x64",
  ]
  /// Those of which the kernels gave the answers of another, whose trace speaks of them too.
  private static let alike = [
    "windows-vista-x86": "windows-7-x86", "windows-vista-x64": "windows-7-x64",
    "windows-8.1-x64": "windows-8-x64", "windows-10-x64": "windows-8-x64",
  ]
  static let profiles = own + alike.keys.sorted()

  private static func text(_ profile: String) throws -> String {
    let name = alike[profile] ?? profile
    let text = try String(contentsOf: folder.appending(path: name + ".trace"), encoding: .utf8)
    let renamed = text.replacing("config profile=\(name)", with: "config profile=\(profile)")
    // What came of the largest request on 10 is not settled.
    return profile == "windows-10-x64" ? withoutTheLargest(renamed) : renamed
  }

  /// A trace without its largest request, which alone needs a pool of half a million pages.
  private static func withoutTheLargest(_ text: String) -> String {
    text.replacing(" paged_pages=540000", with: "").components(separatedBy: "\n")
      .filter { !$0.contains(" huge") && !$0.hasPrefix("expect raise") }.joined(separator: "\n")
  }

  private static func outcome(_ text: String, _ mutant: Mutant = .none) throws -> ReplayOutcome? {
    let operations = try TraceParser.operations(in: text)
    guard case .config(let machine)? = operations.first else { return nil }
    var session = try ReplaySession.boot(machine, level: .full, mutant: mutant)
    for operation in operations { _ = session.step(operation) }
    session.finish()
    return session.outcome
  }

  @Test func everyTraceIsNamed() throws {
    let traces = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".trace") }
    #expect(Set(traces) == Set(Self.own.map { $0 + ".trace" }))
  }

  @Test(arguments: TestScale.sample(profiles, 1))
  func theModelAnswersAsTheKernelDid(_ profile: String) throws {
    #expect(try Self.outcome(Self.text(profile)) == .ok)
  }

  private static func smaller(_ profile: String) throws -> String {
    withoutTheLargest(try text(profile))
  }

  /// Every line that speaks of one block is seen to fail: with the comparison turned round.
  @Test(arguments: TestScale.sample(profiles, 2))
  func everyExpectationCanFail(_ profile: String) throws {
    let opposite = ["==": "!=", ">=": "<"]
    let lines = try Self.smaller(profile).components(separatedBy: "\n")
    var turned = 0
    for (index, line) in lines.enumerated() {
      guard line.hasPrefix("expect block ") || line.hasPrefix("expect charged "),
        let sign = opposite.keys.first(where: { line.contains(" \($0) ") })
      else { continue }
      var wrong = lines
      wrong[index] = line.replacing(" \(sign) ", with: " \(opposite[sign] ?? "") ")
      // The rest of the trace need not run.
      let start = wrong[...index].joined(separator: "\n")
      guard case .expectation? = try Self.outcome(start) else {
        Issue.record("passes: \(wrong[index])")
        continue
      }
      turned += 1
    }
    #expect(turned >= 16)
  }

  /// A model that is wrong in one fact is noticed.
  @Test(arguments: TestScale.sample(profiles, 4))
  func aWrongModelIsNoticed(_ profile: String) throws {
    let text = try Self.smaller(profile)
    #expect(try Self.outcome(text) == .ok)
    for mutant in [Mutant.quotaProcessNotWritten, .quotaNotReturned] {
      #expect(try Self.outcome(text, mutant) != .ok, "\(mutant)")
    }
    let wrongType = profile == "windows-2003-x86" ? "plus-one-in-use" : "plus-one large_tail=wasted"
    for setting in ["small_request_limit=2048", "stored_pool_type=\(wrongType)"] {
      let wrong = text.replacing("config profile=", with: "config \(setting) profile=")
      guard case .expectation? = try Self.outcome(wrong) else {
        Issue.record("passes with \(setting)")
        continue
      }
    }
  }

  @Test(arguments: [
    ("expect block a alignment == 8", "slot a holds no allocation"),
    ("alloc a Paged 4096 Test\nexpect block a stored_type == 3", "slot a holds no small block"),
    (
      "alloc a Paged 8 Test\nexpect block a process_offset == 12",
      "the block of slot a names no process"
    ),
    (
      "alloc a Paged 8 Test\nexpect block a stored_type == 3", "stored_type of a is 0x2, not == 0x3"
    ),
    ("alloc a Paged 8 Test\nexpect block a usable_bytes > 8", "usable_bytes of a is 8, not > 8"),
    ("alloc a Paged+Quota 8 Test\nexpect charged == 0", "24 bytes are charged, not == 0"),
  ])
  func whatIsSaidWhereItFails(_ trace: String, _ message: String) throws {
    #expect(try Self.outcome("config lookaside=0\n" + trace) == .expectation(message))
  }
}
