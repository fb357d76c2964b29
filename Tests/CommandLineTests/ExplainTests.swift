import Foundation
import PoolInvariants
import PoolOracles
import PoolTestSupport
import Testing

/// `poolfuzz explain TRACE`: a failing trace on one page.
struct ExplainTests {
  private static let regression = Manual.package.appendingPathComponent("Corpus/regression").path

  /// A page has at most as many lines as a terminal of some height, and a word on everything.
  @Test func aFiledTraceIsExplainedOnOnePage() throws {
    let path = Self.regression + "/no-forward-merge.trace"
    let run = try Command.run(["explain", path])
    #expect(run.code == 0 && run.errors.isEmpty)
    let page = run.output
    #expect(run.lines.count < 40)
    #expect(
      page.hasPrefix("\(path): emptied.pages after end, shown at the end, after 1 operation\n"))
    #expect(page.contains("Rule         emptied.pages\n"))
    #expect(page.contains(OracleRule.emptied.objection))
    #expect(page.contains("Source       \(OracleRule.emptied.source)\n"))
    #expect(page.contains("the planted bug no-forward-merge, in the mechanism 'coalescing';"))
    #expect(page.contains("the healthy model passes the trace"))
    #expect(page.contains("no operation and no lifetime can be left out"))
    #expect(page.contains("1. alloc s0 NonPaged 0 Test   [without it: passes]"))
    #expect(page.contains(" |") && page.contains("! "))
    #expect(page.contains("poolfuzz replay --mutant no-forward-merge \(path) "))
  }

  /// The rule of each filed trace is stated, and what it names as the next command judges it so.
  @Test func everyFiledTraceHasItsRuleAndItsNextCommand() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.regression)
      .filter { $0.hasSuffix(".trace") }.sorted()
    #expect(names.count > 4)
    for name in names {
      let path = Self.regression + "/" + name
      let line = try JSONLine(Command.run(["explain", path, "--json"]).output)
      let rule = try #require(line.text("rule"))
      let statement = Invariant.named(rule)?.statement ?? OracleRule(rawValue: rule)?.objection
      #expect(
        line.text("statement")
          == (rule.hasPrefix("bugcheck-") ? "The kernel stops with a bug check." : statement))
      #expect(line.text("source")?.isEmpty == false)
      #expect(line.text("mutant") == String(name.dropLast(6)))
      let next = try #require(line.texts("next")?.first).split(separator: " ").dropFirst()
      #expect(try Command.run(next.map(String.init)).code == 1, "\(name)")
    }
  }

  @Test func aDriversMisuseIsTheDrivers() throws {
    let folder = try Scratch()
    let path = try folder.file("double.trace", Traces.doubleFree)
    let run = try Command.run(["explain", path])
    #expect(run.code == 0)
    #expect(run.output.contains("operation 4 is misuse by its caller"))
    #expect(run.output.contains("Microsoft, bug check reference"))
    #expect(run.output.contains("poolfuzz shrink \(path) "))
  }

  @Test func whatHoldsAndWhatIsNoTraceIsSaid() throws {
    let folder = try Scratch()
    let healthy = try Command.run(["explain", try folder.file("h.trace", Traces.healthy)])
    #expect(healthy.code == 0)
    #expect(healthy.output.contains("nothing is wrong with 3 operations\n"))
    #expect(!healthy.output.contains("poolfuzz shrink"))
    // What its author expects is part of the verdict.
    let text = Traces.healthy + "expect nonpaged.pages_held == 77\n"
    let unmet = try Command.run(["explain", try folder.file("u.trace", text)])
    #expect(unmet.lines.first?.contains("unmet expectation: ") == true)
    #expect(unmet.output.contains("no rule is broken"))
    #expect(!unmet.output.contains("nothing is wrong"))
    #expect(try Command.run(["explain", try folder.file("n.trace", "nonsense\n")]).code == 3)
    #expect(try Command.run(["explain", folder.path + "/none.trace"]).code == 4)
    // A certificate of something else is no certificate.
    _ = try folder.file(
      "double.certificate",
      String(contentsOfFile: Self.regression + "/no-forward-merge.certificate", encoding: .utf8))
    let other = try Command.run(["explain", try folder.file("double.trace", Traces.doubleFree)])
    #expect(other.output.contains("the one beside it is of another trace"))
    _ = try folder.file("double.certificate", "certificate 9\n")
    #expect(try Command.run(["explain", folder.path + "/double.trace"]).code == 3)
  }

  @Test func ofALongTraceTheEndIsDrawn() throws {
    let folder = try Scratch()
    let long = Traces.churn(400) + "alloc a NonPaged 100 Abcd\nfree a\nfreeat a\n"
    let run = try Command.run(["explain", try folder.file("long.trace", long)])
    #expect(run.output.contains("The last 16 steps"))
    #expect(run.output.contains("\n  403. freeat"))
    #expect(!run.output.contains("  1. "))
  }
}
