import KernelPool
import PoolTrace

extension Verb {
  /// `poolfuzz diff`: where two versions begin to answer differently.
  static let diff = Verb(
    name: "diff", operands: "TRACE",
    summary: "shows the first operation on which two profiles answer differently",
    examples: [
      (
        "poolfuzz diff t.trace --profile windows-2000-x86 --profile windows-xp-x86",
        "the operation, both answers, both pages side by side"
      ),
      ("poolfuzz diff t.trace --profile reactos-x86", "the trace's own profile against another"),
    ],
    options: [
      Option(
        name: "--profile", argument: .value("NAME"),
        help: "a profile to compare; given twice, or once against the trace's own",
        isRepeatable: true)
    ],
    run: { arguments, streams in
      guard arguments.operands.count == 1, let path = arguments.operands.first else {
        throw CommandFailure.usage("diff takes one trace")
      }
      var profiles: [Profile] = []
      for name in arguments.values("--profile") { profiles.append(try Profile.chosen(name)) }
      guard (1...2).contains(profiles.count) else {
        throw CommandFailure.usage("diff takes one --profile or two")
      }
      return try ProfileDifference.find(in: path, profiles, streams).report(
        streams, asJSON: arguments.has("--json"), isQuiet: arguments.has("--quiet"))
    })
}

extension Profile {
  /// The profile that a `--profile` names.
  static func chosen(_ name: String) throws(CommandFailure) -> Profile {
    guard let profile = Profile.named(name) else {
      let names = Profile.all.map { $0.name }.joined(separator: ", ")
      throw .usage("--profile is one of \(names), not '\(name)'")
    }
    return profile
  }
}
