import KernelPool

/// What became of every flipped bit, over several versions.
public struct FlipReport: Sendable {
  /// The tallies of each version by the names of fields, versions in the order of the run.
  public private(set) var versions: [(profile: String, tallies: [String: BitFlips.Tally])] = []
  /// Versions whose machine is not healthy before anything is flipped, with what a rule says.
  public private(set) var unhealthy: [String] = []
  /// Whether every bit was flipped, of every version.
  private let isWhole: Bool

  /// Flips every `step`-th bit of each version. Throws where a machine cannot be.
  public init(_ profiles: [Profile], every step: Int) throws(ConfigurationError) {
    isWhole = step == 1 && profiles == Profile.all
    for profile in profiles {
      var flips = try BitFlips(profile)
      if let violation = flips.violations().first {
        unhealthy.append("\(profile.name): \(violation)")
        continue
      }
      flips.run(every: step)
      versions.append((profile.name, flips.tallies))
    }
  }

  /// What is wrong: fields of which a flip is noticed by no rule and explained by nobody, and reasons
  /// that nothing needs.
  public func problems(harmless: [String: String] = BitFlips.harmless) -> [String] {
    var problems = unhealthy
    var needed: Set<String> = []
    for (profile, tallies) in versions {
      for (name, tally) in tallies.sorted(by: { $0.key < $1.key }) {
        guard let first = tally.firstUnnoticed else { continue }
        needed.insert(name)
        guard harmless[name] == nil else { continue }
        problems.append(
          "\(profile): \(name): \(tally.bits - tally.noticed) of \(tally.bits) flips are noticed by"
            + " no rule, such as bit \(first.bit) of 0x\(String(first.address, radix: 16))")
      }
    }
    if isWhole {
      problems += harmless.keys.filter { !needed.contains($0) }.sorted()
        .map { "\($0): a reason is given, and every flip is noticed" }
    }
    return problems
  }

  /// A row for each field: flips, how many were noticed, by which rules, and why the others are
  /// harmless.
  public var table: String {
    var all: [String: BitFlips.Tally] = [:]
    for (_, tallies) in versions {
      for (name, tally) in tallies {
        all[name, default: BitFlips.Tally()].bits += tally.bits
        all[name, default: BitFlips.Tally()].noticed += tally.noticed
        all[name, default: BitFlips.Tally()].rules.formUnion(tally.rules)
      }
    }
    var lines = [
      "| field | bits | noticed | by | the others are harmless |", "|---|---:|---:|---|---|",
    ]
    for (name, tally) in all.sorted(by: { $0.key < $1.key }) {
      let rules = tally.rules.sorted()
      let by = rules.prefix(3).joined(separator: ", ") + (rules.count > 3 ? ", ..." : "")
      let reason = tally.noticed == tally.bits ? "" : BitFlips.harmless[name] ?? "not explained"
      lines.append("| \(name) | \(tally.bits) | \(tally.noticed) | \(by) | \(reason) |")
    }
    let bits = all.values.reduce(0) { $0 + $1.bits }
    let noticed = all.values.reduce(0) { $0 + $1.noticed }
    return lines.joined(separator: "\n")
      + "\n\n\(bits) bits of \(versions.count) versions flipped, \(noticed) noticed by a rule\n"
  }
}

extension BitFlips {
  /// Why flips of a field may go unnoticed, by its name.
  public static let harmless: [String: String] = {
    let anew = "written anew when it is handed out"
    let padding = "no field"
    let unread = "written at start and read by debuggers alone"
    var reasons = [
      "allocated block, pool index": "this version leaves there what the last owner wrote",
      "allocated block, process": "read where the type says that a process is charged",
      "big-page entry, process": "no version charges large allocations by itself",
      "deferred block, type": "in use as long as it is not zero; \(anew)",
      "descriptor, index": unread, "descriptor, padding": padding, "descriptor, type": unread,
      "fragment block, process": "read where the type says that a process is charged",
      "fragment block, type": "in use as long as it is not zero",
      "free big-page entry, address":
        "free by its lowest bit, and without that the entry of nothing",
      "lookaside block, type": "in use as long as it is not zero; \(anew)",
      "tag row, tag": "nothing of the tag is outstanding: its next request takes another row",
      "tag row without counts, tag": "nothing was counted: the next request takes another row",
      "free tag row, tag": "a row of a tag without counts",
    ]
    for field in ["tag", "size", "type", "process"] {
      reasons["free big-page entry, \(field)"] = anew
    }
    for state in ["free", "orphan", "lookaside", "deferred"] {
      for field in ["tag", "process"] { reasons["\(state) block, \(field)"] = anew }
    }
    for state in ["free", "lookaside"] { reasons["\(state) block, pool index"] = anew }
    for kind in ["tag row", "tag row without counts", "free tag row"] {
      reasons["\(kind), padding"] = padding
    }
    for column in ["allocations", "frees", "bytes"] {
      reasons["free tag row, \(column)"] = "noticed when a tag takes the row"
    }
    return reasons
  }()
}
