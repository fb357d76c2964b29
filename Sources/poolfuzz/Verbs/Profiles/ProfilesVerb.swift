import JSONLines
import KernelPool
import PoolFuzzing
import PoolTrace

extension Verb {
  /// `poolfuzz profiles`: what `--profile` and `--mix` choose from.
  static let profiles = Verb(
    name: "profiles", operands: "[SYSTEM]",
    summary: "lists the systems whose pool is modelled, and the kinds of traffic",
    examples: [
      ("poolfuzz profiles", "the systems, for --profile"),
      ("poolfuzz profiles windows-vista-x86", "each of its facts, and what it rests on"),
      ("poolfuzz profiles --mixes", "the kinds of traffic that 'fuzz' makes, for --mix"),
    ],
    options: [
      Option(name: "--mixes", argument: .none, help: "the kinds of traffic instead")
    ],
    run: { arguments, streams in
      let isJSON = arguments.has("--json")
      if let name = arguments.operands.first {
        guard arguments.operands.count == 1, !arguments.has("--mixes") else {
          throw CommandFailure.usage("profiles takes one system, or --mixes")
        }
        guard let profile = Profile.named(name) else {
          throw WordList.systems.refusal(of: name, for: "profiles")
        }
        printEvidence(profile, isJSON: isJSON, streams)
        return .held
      }
      if arguments.has("--mixes") {
        let mixes = GeneratorProfile.all
        guard isJSON else {
          streams.print(columns: mixes.map { ($0.name, $0.purpose) })
          return .held
        }
        for mix in mixes {
          streams.print(
            JSONValue.object([("mix", .string(mix.name)), ("purpose", .string(mix.purpose))]))
        }
      } else if isJSON {
        for profile in Profile.all { streams.print(object(profile)) }
      } else {
        streams.print(columns: Profile.all.map { ($0.name, line($0)) })
      }
      return .held
    })

  /// Each fact of a version, its value and what it rests on.
  private static func printEvidence(
    _ profile: Profile, isJSON: Bool, _ streams: StandardStreams
  ) {
    let rows = profile.evidence.map { ($0.fact, value(of: $0.fact, profile), words($0.evidence)) }
    if isJSON {
      for (fact, value, evidence) in rows {
        streams.print(
          JSONValue.object([
            ("profile", .string(profile.name)), ("fact", .string(fact)),
            ("value", .string(value)), ("evidence", .string(evidence)),
          ]))
      }
    } else {
      let width = rows.map(\.1.count).max() ?? 0
      streams.print(
        columns: rows.map { fact, value, evidence in
          (fact, value + String(repeating: " ", count: width + 2 - value.count) + evidence)
        })
      streams.print(
        "\(profile.unverifiedFacts) of \(profile.evidence.count) facts of \(profile.name) are unverified"
      )
    }
  }

  /// A fact in words: the name of its case, a number, yes or no; of a layout how long it is.
  private static func value(of fact: String, _ profile: Profile) -> String {
    switch fact {
    case "header": return counted(profile.header.bytes, "byte")
    case "descriptor": return counted(profile.descriptor.bytesWithLock, "byte")
    case "smallRequestLimit": return "\(profile.largestSmallRequest)"
    default: break
    }
    let children = Mirror(reflecting: profile).children
    guard let value = children.first(where: { $0.label == fact })?.value else { return "?" }
    if let value = value as? Bool { return value ? "yes" : "no" }
    return "\(value)".reduce(into: "") { words, character in
      words += character.isUppercase ? " \(character.lowercased())" : "\(character)"
    }
  }

  private static func words(_ evidence: Evidence) -> String {
    switch evidence {
    case .published(let source): source
    case .takenOver(let source): "taken over from another version (\(source))"
    case .unverified: "unverified"
    }
  }

  private static func line(_ profile: Profile) -> String {
    let smallest = profile.smallestBlockUnits * profile.unitBytes
    var line =
      "\(profile.wordBytes * 8) bit; blocks of \(counted(smallest, "byte")) and more in steps of"
      + " \(profile.unitBytes), headers of \(profile.header.bytes)"
    if profile.lookasideClasses > 0 {
      let largest = profile.lookasideClasses * profile.unitBytes
      line += ", lookaside lists for blocks up to \(largest)"
    }
    if profile.deferredFrees { line += ", deferred frees" }
    if profile.unverifiedFacts > 0 {
      line += "; \(profile.unverifiedFacts) of \(profile.evidence.count) facts unverified"
    }
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
      ("facts", .unsigned(UInt64(profile.evidence.count))),
      ("unverified_facts", .unsigned(UInt64(profile.unverifiedFacts))),
    ])
  }
}
