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

/// A shell that completions can be printed for.
enum Shell: String, CaseIterable {
  case bash
  case zsh
  case fish
}

/// Completions as a shell reads them.
///
/// Behind `poolfuzz` come the verbs, behind a verb its options, behind an option the words that can
/// follow it where these are a list, and file names everywhere else.
struct CompletionScript {
  /// The table of the command line.
  var verbs: [Verb]

  /// The script for a shell, with a line feed at its end.
  func text(for shell: Shell) -> String {
    switch shell {
    case .bash: bash
    case .zsh: zsh
    case .fish: fish
    }
  }

  /// What stands first on a command line.
  private var firstWords: [String] { verbs.map(\.name) + ["help", "--help", "--version"] }

  private func options(of verb: Verb) -> [Option] { verb.allOptions }

  private var bash: String {
    var text = """
      # Completions of poolfuzz for bash.
      _poolfuzz() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
        COMPREPLY=()
        if [ "$COMP_CWORD" -eq 1 ] || { [ "$COMP_CWORD" -eq 2 ] && [ "$previous" = help ]; }; then
          COMPREPLY=($(compgen -W "\(firstWords.joined(separator: " "))" -- "$current"))
          return
        fi
        case "${COMP_WORDS[1]} $previous" in

      """
    for verb in verbs {
      for option in options(of: verb) {
        let words = option.words
        guard !words.isEmpty else { continue }
        let list = words.joined(separator: " ")
        let names = option.names.map { "\"\(verb.name) \($0)\"" }.joined(separator: "|")
        text += "    \(names))\n"
        text += "      COMPREPLY=($(compgen -W \"\(list)\" -- \"$current\")); return;;\n"
      }
    }
    text += "  esac\n  case \"$current\" in -*)\n    case \"${COMP_WORDS[1]}\" in\n"
    for verb in verbs {
      let list = options(of: verb).flatMap(\.names).joined(separator: " ")
      text +=
        "      \(verb.name)) COMPREPLY=($(compgen -W \"\(list)\" -- \"$current\")); return;;\n"
    }
    text += "    esac;;\n  esac\n  COMPREPLY=($(compgen -f -- \"$current\"))\n}\n"
    text += "complete -o filenames -F _poolfuzz poolfuzz\n"
    return text
  }

  private var zsh: String {
    var text = "#compdef poolfuzz\n# Completions of poolfuzz for zsh.\n_poolfuzz() {\n"
    text += "  local -a verbs\n  verbs=(\n"
    for verb in verbs { text += "    '\(verb.name):\(Self.quotedForZsh(verb.summary))'\n" }
    text += "    'help:shows the examples and options of a verb'\n  )\n"
    text += "  if (( CURRENT == 2 )); then _describe verb verbs; return; fi\n"
    text += "  local verb=$words[2]\n  shift words; (( CURRENT-- ))\n  case $verb in\n"
    text += "    help) _describe verb verbs;;\n"
    for verb in verbs {
      text += "    \(verb.name)) _arguments \\\n"
      for option in options(of: verb) { text += "      \(zshArgument(option)) \\\n" }
      text += "      '*:file:_files';;\n"
    }
    text += "  esac\n}\nif [ \"$funcstack[1]\" = _poolfuzz ]; then _poolfuzz \"$@\"; "
    text += "else compdef _poolfuzz poolfuzz; fi\n"
    return text
  }

  private func zshArgument(_ option: Option) -> String {
    let action = option.words.isEmpty ? "_files" : "(\(option.words.joined(separator: " ")))"
    let value =
      switch option.argument {
      case .none: ""
      case .value(let placeholder), .word(let placeholder, _), .quantity(let placeholder, _):
        ":\(Self.quotedForZsh(placeholder)):\(action)"
      case .optionalValue(let placeholder, _): "::\(Self.quotedForZsh(placeholder)):"
      }
    let help = Self.quotedForZsh(option.help)
    let repeats = option.isRepeatable ? "*" : ""
    return option.names.map { "'\(repeats)\($0)[\(help)]\(value)'" }.joined(separator: " ")
  }

  /// zsh ends a message at a bracket or colon and a word at a quote.
  private static func quotedForZsh(_ text: String) -> String {
    var quoted = ""
    for character in text {
      switch character {
      case "'": quoted += "'\\''"
      case "[", "]", ":", "\\": quoted += "\\" + String(character)
      default: quoted.append(character)
      }
    }
    return quoted
  }

  private var fish: String {
    var text = "# Completions of poolfuzz for fish.\n"
    let isFirst = "__fish_use_subcommand"
    for verb in verbs {
      text += "complete -c poolfuzz -n \(isFirst) -f -a \(verb.name)"
      text += " -d \(Self.quotedForFish(verb.summary))\n"
    }
    text += "complete -c poolfuzz -n \(isFirst) -f -a help -d 'shows a verb'\n"
    for verb in verbs {
      for option in options(of: verb) {
        text += "complete -c poolfuzz -n '__fish_seen_subcommand_from \(verb.name)'"
        text += " -l \(option.name.dropFirst(2))"
        if let letter = option.shortName?.dropFirst() { text += " -s \(letter)" }
        text += " -d \(Self.quotedForFish(option.help))"
        let words = option.words
        if option.takesValue {
          text += words.isEmpty ? " -r" : " -x -a '\(words.joined(separator: " "))'"
        }
        text += "\n"
      }
    }
    return text
  }

  private static func quotedForFish(_ text: String) -> String {
    var quoted = ""
    for character in text {
      if character == "'" || character == "\\" { quoted += "\\" }
      quoted.append(character)
    }
    return "'" + quoted + "'"
  }
}
