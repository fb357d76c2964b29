import Foundation

/// What a fuzz executable is in a build without libFuzzer: a replayer of inputs.
///
/// `fuzz-trace [--plant] [--repeat N] FILE|DIR...` runs every file and says what it found. Exit
/// codes are those of the command line: 0 all held, 1 something was found, 2 bad usage, 4 a file
/// cannot be read.
public enum ReplayProgram {
  /// Runs the program on the words behind its name.
  public static func run(_ subject: FuzzSubject, _ words: [String]) -> Int32 {
    var words = words
    var plant: String?
    var repetitions = 1
    while let word = words.first, word.hasPrefix("--") {
      words.removeFirst()
      switch word {
      case "--plant": plant = subject.plant
      case "--repeat":
        guard let number = words.first.flatMap({ Int($0) }), number > 0 else {
          return usage(subject)
        }
        words.removeFirst()
        repetitions = number
      default: return usage(subject)
      }
    }
    guard !words.isEmpty else { return usage(subject) }
    var code: Int32 = 0
    var count = 0
    let harness = subject.harness(plant: plant)
    for path in words.flatMap(files) {
      guard let data = FileManager.default.contents(atPath: path) else {
        note("\(path): cannot be read")
        return 4
      }
      let bytes = [UInt8](data)
      var finding: FuzzFinding?
      for _ in 0..<repetitions { finding = harness.run(bytes) }
      count += 1
      guard let finding else { continue }
      code = 1
      print("\(path): \(finding.rule): \(finding.text)")
      if let trace = finding.trace { print(trace) }
    }
    print("\(count) inputs, \(code == 0 ? "all held" : "something was found")")
    return code
  }

  private static func usage(_ subject: FuzzSubject) -> Int32 {
    note("usage: fuzz-\(subject.rawValue) [--plant] [--repeat N] FILE|DIR...")
    return 2
  }

  private static func note(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }

  /// The files of a folder in the order of their names; a path that is no folder itself.
  private static func files(_ path: String) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
    else { return [path] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().map { path + "/" + $0 }
  }
}
