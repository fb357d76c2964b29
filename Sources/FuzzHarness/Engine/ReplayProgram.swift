import KernelPool
import Platform
import PropertyTesting

/// What the fuzz executable is in a build without libFuzzer: the registry of the targets, and a
/// replayer of their inputs.
///
/// ```
/// fuzz-targets list                  a row for each target
/// fuzz-targets smoke CORPUS          every target on its inputs: none may alarm
/// fuzz-targets canary CORPUS         the same with its planted bug: each must alarm
/// fuzz-targets flips [STEP]          flips each bit, or every STEP-th, that a small pool relies on
/// fuzz-targets writes OPERATIONS SEED VERSION...
///                                    random stores among requests and frees; without words the versions
/// fuzz-targets NAME [--plant] [--repeat N] FILE|DIR...
/// ```
///
/// Called `fuzz-NAME` it is that target without being told. Exit codes are those of the command
/// line: 0 all held, 1 something was found, or a canary was not, 2 bad usage, 4 a file cannot be
/// read.
public enum ReplayProgram {
  /// Runs the program on its words, its own name first.
  public static func run(_ arguments: [String]) -> Int32 {
    var words = Array(arguments.dropFirst())
    if let subject = arguments.first.flatMap(subject(ofProgram:)) { return replay(subject, words) }
    guard !words.isEmpty else { return usage() }
    let first = words.removeFirst()
    switch (first, words.count) {
    case ("list", 0):
      print(table, terminator: "")
      return 0
    case ("smoke", 1): return smoke(words[0])
    case ("canary", 1): return canary(words[0])
    case ("flips", 0): return flips(every: 1)
    case ("flips", 1):
      guard let step = Int(words[0]), step > 0 else { return usage() }
      return flips(every: step)
    case ("writes", 0):
      print(Profile.all.map(\.name).joined(separator: "\n"))
      return 0
    case ("writes", 3...): return writes(words)
    default: return FuzzSubject.named(first).map { replay($0, words) } ?? usage()
    }
  }

  /// The target that a program is by its name, `fuzz-NAME`.
  public static func subject(ofProgram path: String) -> FuzzSubject? {
    let name = path.split(separator: "/").last ?? ""
    return name.hasPrefix("fuzz-") ? FuzzSubject.named(String(name.dropFirst(5))) : nil
  }

  // MARK: All targets

  /// The registry: name, canary, what it covers and what not.
  public static var table: String {
    FuzzSubject.all.map { subject in
      "fuzz-\(subject.name), canary \(subject.canary)\n  covers: \(subject.covers)\n"
        + "  does not cover: \(subject.doesNotCover)\n"
    }.joined()
  }

  private static func smoke(_ corpus: String) -> Int32 {
    let codes = FuzzSubject.all.map { replay($0, [corpus + "/" + $0.name]) }
    return codes.max() ?? 0
  }

  private static func canary(_ corpus: String) -> Int32 {
    let codes = FuzzSubject.all.map { replay($0, ["--plant", corpus + "/" + $0.name]) }
    return codes.first { $0 > 1 } ?? (codes.allSatisfy { $0 == 1 } ? 0 : 1)
  }

  private static func flips(every step: Int) -> Int32 {
    let report: FlipReport
    do throws(ConfigurationError) {
      report = try FlipReport(Profile.all, every: step)
    } catch {
      note(error.message)
      return 1
    }
    print(report.table)
    let problems = report.problems()
    problems.forEach { print($0) }
    return problems.isEmpty ? 0 : 1
  }

  private static func writes(_ words: [String]) -> Int32 {
    guard let operations = UInt64(words[0]), let seed = UInt64(words[1]) else { return usage() }
    for name in words.dropFirst(2) {
      guard let profile = Profile.all.first(where: { $0.name == name }) else { return usage() }
      do throws(ConfigurationError) {
        var writes = try WildWrites(profile, seed: Seed(seed))
        writes.run(operations: operations)
        print(writes.tally.row(profile))
      } catch {
        note(error.message)
        return 1
      }
    }
    return 0
  }

  // MARK: One target

  private static func replay(_ subject: FuzzSubject, _ words: [String]) -> Int32 {
    var words = words
    var plant: String?
    var repetitions = 1
    while let word = words.first, word.hasPrefix("--") {
      words.removeFirst()
      switch word {
      case "--plant": plant = subject.canary
      case "--repeat":
        guard let number = words.first.flatMap({ Int($0) }), number > 0 else { return usage() }
        words.removeFirst()
        repetitions = number
      default: return usage()
      }
    }
    guard !words.isEmpty else { return usage() }
    var code: Int32 = 0
    var count = 0
    let harness = subject.harness(plant: plant)
    for path in words.flatMap(files) {
      let bytes: [UInt8]
      do throws(SystemError) {
        guard let found = try Files.contents(of: path) else { throw .absence(of: path) }
        bytes = found
      } catch {
        note(error.message)
        return 4
      }
      var finding: FuzzFinding?
      for _ in 0..<repetitions { finding = harness.run(bytes) }
      count += 1
      guard let finding else { continue }
      code = 1
      print("\(path): \(finding.rule): \(finding.text)")
      if let trace = finding.trace { print(trace) }
    }
    print(
      "fuzz-\(subject.name): \(count) inputs, \(code == 0 ? "all held" : "something was found")")
    return code
  }

  private static func usage() -> Int32 {
    let names = FuzzSubject.all.map(\.name).joined(separator: "|")
    note("usage: fuzz-targets list")
    note("       fuzz-targets smoke|canary CORPUS")
    note("       fuzz-targets flips [STEP]")
    note("       fuzz-targets writes [OPERATIONS SEED VERSION...]")
    note("       fuzz-targets \(names) [--plant] [--repeat N] FILE|DIR...")
    return 2
  }

  private static func note(_ line: String) {
    try? StandardDescriptor.error.write(Array((line + "\n").utf8))
  }

  /// The files of a folder in the order of their names; a path that is no folder itself.
  private static func files(_ path: String) -> [String] {
    guard Files.isFolder(path) else { return [path] }
    let names = (try? Files.names(in: path)) ?? []
    return names.map { path + "/" + $0 }
  }
}
