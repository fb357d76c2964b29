extension Verb {
  /// `poolfuzz completions`: completion for a shell, made from the table of verbs itself, so that it
  /// cannot fall behind it.
  static let completions = Verb(
    name: "completions", operands: "SHELL",
    summary: "prints completions for bash, zsh or fish",
    examples: [
      ("source <(poolfuzz completions bash)", "completes in this bash"),
      ("poolfuzz completions zsh > ~/.zfunc/_poolfuzz", "for zsh, in a folder of its fpath"),
      ("poolfuzz completions fish | source", "completes in this fish"),
    ],
    options: [],
    run: { arguments, streams in
      let names = Shell.allCases.map(\.rawValue).joined(separator: ", ")
      guard arguments.operands.count == 1, let shell = Shell(rawValue: arguments.operands[0])
      else { throw CommandFailure.usage("completions needs one shell: \(names)") }
      streams.print(bytes: Array(CompletionScript(verbs: Poolfuzz.verbs).text(for: shell).utf8))
      return .held
    })
}
