import JSONLines
import KernelPool
import PoolFuzzing
import PoolTrace

extension Verb {
  /// `poolfuzz profiles`: what `--profile` and `--mix` choose from.
  static let profiles = Verb(
    name: "profiles", operands: "",
    summary: "lists the systems whose pool is modelled, and the kinds of traffic",
    examples: [
      ("poolfuzz profiles", "the systems, for --profile"),
      ("poolfuzz profiles --mixes", "the kinds of traffic that 'fuzz' makes, for --mix"),
    ],
    options: [
      Option(name: "--mixes", argument: .none, help: "the kinds of traffic instead")
    ],
    run: { arguments, streams in
      guard arguments.operands.isEmpty else {
        throw CommandFailure.usage("profiles takes no operand; '\(arguments.operands[0])' is one")
      }
      let isJSON = arguments.has("--json")
      if arguments.has("--mixes") {
        let mixes = GeneratorProfile.all
        guard isJSON else {
          streams.print(columns: mixes.map { ($0.name, $0.purpose) })
          return .held
        }
        for mix in mixes {
          streams.print(
            JSONValue.object([("mix", .string(mix.name)), ("purpose", .string(mix.purpose))]).text)
        }
      } else if isJSON {
        for profile in Profile.all { streams.print(object(profile).text) }
      } else {
        streams.print(columns: Profile.all.map { ($0.name, line($0)) })
      }
      return .held
    })

  private static func line(_ profile: Profile) -> String {
    let smallest = profile.smallestBlockUnits * profile.unitBytes
    var line =
      "\(profile.wordBytes * 8) bit; blocks of \(smallest) bytes and more in steps of"
      + " \(profile.unitBytes), headers of \(profile.header.bytes)"
    if profile.lookasideClasses > 0 {
      let largest = profile.lookasideClasses * profile.unitBytes
      line += ", lookaside lists for blocks up to \(largest)"
    }
    if profile.deferredFrees { line += ", deferred frees" }
    return profile.name == TraceConfiguration.defaultProfile.name
      ? line + " (the profile of a trace that names none)" : line
  }

  private static func object(_ profile: Profile) -> JSONValue {
    .object([
      ("profile", .string(profile.name)), ("word_bits", .unsigned(profile.wordBytes * 8)),
      ("unit_bytes", .unsigned(profile.unitBytes)),
      ("header_bytes", .unsigned(UInt64(profile.header.bytes))),
      ("smallest_block_bytes", .unsigned(profile.smallestBlockUnits * profile.unitBytes)),
      ("lookaside_classes", .unsigned(profile.lookasideClasses)),
      ("deferred_frees", .bool(profile.deferredFrees)),
    ])
  }
}
