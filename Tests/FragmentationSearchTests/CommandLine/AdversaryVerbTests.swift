import Foundation
import PoolOracles
import PoolTestSupport
import PoolTrace
import Testing

/// `poolfuzz adversary` from outside.
struct AdversaryVerbTests {
  private let poolfuzz: Scratch

  init() throws { poolfuzz = try Scratch() }

  @Test(arguments: [
    ("adversary --peak-live 1", "adversary takes one name: comb, comb-refill, robson"),
    ("adversary comb churn --peak-live 1", "adversary takes one name"),
    ("adversary ladder --peak-live 1", "there is no adversary 'ladder'; there are comb"),
    ("adversary comb", "adversary needs --peak-live BYTES"),
    ("adversary comb --peak-live 1 --first-level 64", "--first-level belongs to 'staircase'"),
    ("adversary comb --peak-live 1 --tenant 16", "--tenant belongs to 'churn', not to 'comb'"),
    ("adversary staircase --peak-live 1 --first-level 1", "--first-level is 2...511 units"),
    ("adversary staircase --peak-live 1 --first-level 512", "--first-level is 2...511 units"),
    ("adversary churn --peak-live 1 --tenant 0", "--tenant is 1...4080 bytes"),
    ("adversary churn --peak-live 1 --first-request 4081", "--first-request is 1...4080 bytes"),
    ("adversary comb --peak-live 1 --on paper", "--on is one of abstract, kernel"),
    ("adversary comb --peak-live 99999999999", "too large to simulate"),
    ("adversary comb --peak-live 1 --order relaxed --trace t", "--trace: no kernel lets"),
  ])
  func aWrongLineIsExplained(_ line: String, _ message: String) throws {
    let run = try poolfuzz.run(line)
    #expect(run.code == 2)
    #expect(run.errors.contains(message))
    #expect(run.output.isEmpty && poolfuzz.names == [])
  }

  private func object(_ text: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(object as? [String: Any])
  }

  /// The table of known figures at 64 KiB, each predicted, held and booked by the kernel.
  @Test(arguments: [
    ("comb", "", 16), ("comb-refill", "", 31), ("robson", "", 80), ("six-steps", "", 2951),
    ("staircase", "", 3255), ("staircase", "--first-level 128", 3237), ("churn", "", 120),
  ])
  func whatIsPredictedIsHeld(_ name: String, _ options: String, _ pages: Int) throws {
    let line = "adversary \(name) --peak-live 65536 --order head --on kernel --json \(options)"
    let run = try poolfuzz.run(line)
    #expect(run.code == 0 && run.errors.isEmpty)
    let answer = try object(run.output)
    #expect(answer["predicted_pages"] as? Int == pages)
    #expect(answer["pages"] as? Int == pages)
    #expect(answer["kernel_pages"] as? Int == pages)
  }

  /// The reset cycle comes to what is predicted, on the kernel too, and `bound` calls it exact.
  @Test func theResetCycleIsExact() throws {
    let pool = "--page-units 64 --smallest-units 2 --peak-live-units 100 --exact-fit off"
    let run = try poolfuzz.run("adversary reset \(pool) --on kernel --json")
    #expect(run.code == 0 && run.errors.isEmpty)
    let answer = try object(run.output)
    for field in ["predicted_pages", "pages", "kernel_pages", "known_optimum"] {
      #expect(answer[field] as? Int == 34, "\(field)")
    }
    let bound = try poolfuzz.run("bound \(pool)").output
    #expect(bound.contains("exact by proof") && bound.contains("the bound 'last-closing'"))
    #expect(!(try poolfuzz.run("bound --peak-live 65536").output.contains("exact by proof")))
  }

  @Test func parametersOfTheChurn() throws {
    // 0xF10 bytes take 483 units, as the default is; 16 bytes take 3 units, as the default is.
    let line = "adversary churn --peak-live 65536 --order head --json"
    let standard = try poolfuzz.run(line)
    #expect(try poolfuzz.run(line + " --first-request 0xf10 --tenant 16").output == standard.output)
    let other = try object(try poolfuzz.run(line + " --first-request 0xe00 --tenant 40").output)
    #expect(other["pages"] as? Int == other["predicted_pages"] as? Int)
    #expect(other["pages"] as? Int != (try object(standard.output))["pages"] as? Int)
  }

  /// The trace is ordinary, the same through a pipe and in a file, and its own expectations are
  /// the prediction.
  @Test func theTraceProvesThePrediction() throws {
    let line = "adversary six-steps --peak-live 16384 --profile reactos-x86"
    let streamed = try poolfuzz.run(line + " --trace -")
    #expect(streamed.code == 0)
    let file = try poolfuzz.run(line + " --trace t.trace --json")
    let path = poolfuzz.url.appendingPathComponent("t.trace").path
    #expect(try String(contentsOfFile: path, encoding: .utf8) == streamed.output)
    let pages = try #require(try object(file.output)["predicted_pages"] as? Int)
    #expect(streamed.output.contains("expect nonpaged.peak_pages_held == \(pages)\n"))
    #expect(try Self.outcome(streamed.output) == "not-judged")
    let wrong = streamed.output.replacingOccurrences(
      of: "held == \(pages)\n", with: "held == \(pages + 1)\n")
    #expect(try Self.outcome(wrong) == "expectation")
  }

  private static func outcome(_ text: String) throws -> String? {
    let operations = try TraceParser.operations(in: text)
    guard case .config(let machine)? = operations.first else { return nil }
    var session = try ReplaySession.boot(machine, level: .off)
    for operation in operations { _ = session.step(operation) }
    session.finish()
    return session.outcome?.name
  }
}
