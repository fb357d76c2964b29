import PoolTestSupport
import Testing

/// Completions are made from the table of verbs; real shells read them where they are there.
struct CompletionTests {
  @Test(arguments: ["bash", "zsh", "fish"])
  func everyVerbAndItsOptionsAreThere(_ shell: String) throws {
    let script = try Command.run(["completions", shell])
    #expect(script.code == 0)
    #expect(script.errors.isEmpty)
    let overview = try Command.run(["help"]).lines.dropFirst()
    let verbs = overview.filter { $0.hasPrefix("  ") }.compactMap {
      $0.split(separator: " ").first.map(String.init)
    }
    #expect(verbs.contains("replay"))
    for verb in verbs { #expect(script.output.contains(verb), "\(verb)") }
    let mark = shell == "fish" ? "-l " : "--"
    for option in ["show-config", "resize", "peak-live", "quiet"] {
      #expect(script.output.contains(mark + option), "\(option)")
    }
    #expect(script.output.contains("windows-2003-x86"))
  }

  @Test func bashCompletes() throws {
    func completions(_ words: [String]) throws -> [String] {
      let list = words.map { "'\($0)'" }.joined(separator: " ")
      let script = """
        exec bash -c '
        source <("$POOLFUZZ" completions bash)
        COMP_WORDS=(\(list.replacing("'", with: ""))) COMP_CWORD=\(words.count - 1)
        _poolfuzz; printf "%s\\n" "${COMPREPLY[@]}"'
        """
      return try Command.shell(script).lines
    }
    #expect(try completions(["poolfuzz", "rep"]) == ["replay"])
    #expect(try completions(["poolfuzz", "replay", "--show"]) == ["--show-config"])
    #expect(try completions(["poolfuzz", "replay", "--check", "c"]).first == "complete")
    #expect(try completions(["poolfuzz", "help", "max"]) == ["maximize"])
    #expect(try completions(["poolfuzz", "replay", "--nonsense"]).isEmpty)
  }

  @Test func anotherShellIsRefused() throws {
    let run = try Command.run(["completions", "tcsh"])
    #expect(run.code == 2)
    #expect(run.errors.contains("bash, zsh, fish"))
  }
}
