import PoolTestSupport
import Testing

/// Command lines that are wrong, and those that ask for help.
struct UsageTests {
  @Test(arguments: [
    (["nonsense"], "there is no verb 'nonsense'"),
    (["replay"], "needs a trace"),
    (["replay", "--nonsense", "x"], "unknown option --nonsense"),
    (["replay", "--check", "some", "x"], "off, fast, full, complete"),
    (["replay", "--check"], "needs a value"),
    (["replay", "--profile", "dos", "x"], "there is no system 'dos'"),
    (["fuzz", "--target", "a", "--target", "b"], "fuzz tries one target, not a and b"),
    (["replay", "--mutant", "dos", "x"], "there is no planted bug 'dos'"),
    (["replay", "--json", "--json", "x"], "given twice"),
    (["replay", "--json=1", "x"], "takes no value"),
    (["replay", "--seed", "many", "x"], "--seed is a number"),
    (["replay", "--state", "--vm", "x"], "nothing but the state"),
    (["replay", "--batch", "--vm"], "JSON lines"),
    (["replay", "--batch", "x"], "takes no trace"),
    (["diff", "x"], "--profile"), (["diff"], "one trace"),
    (["diff", "x", "--profile", "dos"], "there is no system 'dos'"),
    (["whatif"], "needs a trace"), (["whatif", "x"], "needs --advise, a change"),
    (["whatif", "x", "--resize", "MmCm=1"], "TAG:FROM=TO"),
    (["whatif", "x", "--resize", "MmCmX:1=2"], "TAG:FROM=TO"),
    (["whatif", "x", "--lookaside", "MmCmX"], "four characters"),
  ])
  func aWrongCommandLineIsExplained(_ words: [String], _ message: String) throws {
    let run = try Command.run(words)
    #expect(run.code == 2)
    #expect(run.output.isEmpty)
    #expect(run.errors.hasPrefix("poolfuzz: "))
    #expect(run.errors.contains(message))
  }

  @Test(arguments: ["replay", "diff", "whatif", "bench"])
  func helpShowsExamplesFirst(_ verb: String) throws {
    let run = try Command.run(["help", verb])
    #expect(run.code == 0)
    let examples = try #require(run.output.range(of: "Examples"))
    let options = try #require(run.output.range(of: "Options"))
    #expect(examples.lowerBound < options.lowerBound)
    for option in ["--json", "--seed", "--quiet"] { #expect(run.output.contains(option)) }
    #expect(try Command.run([verb, "--help"]).output == run.output)
  }

  @Test func theVersionNamesTheFormat() throws {
    let run = try Command.run(["--version"])
    #expect(run.code == 0)
    #expect(run.output.hasSuffix("trace format 1\n"))
  }

  @Test func nothingAtAllIsBadUsage() throws {
    #expect(try Command.run([]).code == 2)
    #expect(try Command.run(["--help"]).code == 0)
  }

  /// Messages quote words: a control character in one comes as its number.
  @Test(arguments: [["?"], ["mutants", "--mutant", "?"], ["diff", "--profile", "?", "t.trace"]])
  func noWordSteersTheTerminal(_ words: [String]) throws {
    let run = try Command.run(words.map { $0 == "?" ? "\u{1B}[31m\u{202E}" : $0 })
    #expect(run.code == 2)
    #expect(run.errors.contains("'\\x1b[31m\\x202e'"), "\(run.errors)")
    #expect(!run.errors.unicodeScalars.contains("\u{1B}"))
  }

  /// A number of another magnitude is refused, not cut or trapped on.
  @Test(arguments: ["--live", "--most-blocks", "--steps"])
  func benchTakesNumbersOfItsRange(_ option: String) throws {
    let run = try Command.run(["bench", "--growth", option, "0xffffffffffffffff"])
    #expect(run.code == 2 && run.errors.contains("\(option) is "), "\(run.errors)")
  }
}
