import KernelPool
import PoolTrace

/// The first operation on which two profiles answer differently, or that there is none.
///
/// Dumps and expectations are passed over: a dump has lines that only one version has, and what a
/// trace expects of one version proves nothing about another.
struct ProfileDifference {
  private var path: String
  private var names: [String]
  /// Operations compared, the differing one included.
  private var operations: UInt64 = 0
  private var found: Found?

  private struct Found {
    var line: UInt64
    var operation: String
    var answers: [String]
    var pages: [[String]]
  }

  /// Replays the trace of `path` on both profiles, or on its own and the one.
  static func find(
    in path: String, _ profiles: [Profile], _ streams: StandardStreams
  ) throws(CommandFailure) -> ProfileDifference {
    var file = try TraceFile(path: path)
    let own = try file.configuration() ?? TraceConfiguration()
    file.tellWhatIsPassedOver(by: "diff", streams)
    var machines: [TraceConfiguration] = []
    for profile in profiles { machines.append(own.replacingProfile(by: profile)) }
    if machines.count == 1 { machines.insert(own, at: 0) }
    var left = try DiffSide(machines[0], path: file.path)
    var right = try DiffSide(machines[1], path: file.path)
    var result = ProfileDifference(path: file.path, names: [left.name, right.name])
    while let operation = try file.next() {
      switch operation {
      case .config, .dump, .expect: continue
      default: break
      }
      if left.hasStopped, right.hasStopped { break }
      result.operations += 1
      let answers = (left.answer(operation), right.answer(operation))
      guard answers.0.text != answers.1.text else { continue }
      result.found = Found(
        line: file.line, operation: TraceWriter.line(operation),
        answers: [answers.0.text, answers.1.text],
        pages: [left.page(of: answers.0), right.page(of: answers.1)])
      break
    }
    guard result.operations > 0 else {
      throw CommandFailure(message: "\(file.path): no operation to compare", code: .badInput)
    }
    return result
  }

  /// Prints the difference. It is what was looked for, so finding one is exit code 1.
  func report(_ streams: StandardStreams, asJSON: Bool, isQuiet: Bool) -> ExitCode {
    if asJSON {
      streams.print(json.text)
    } else if let found {
      streams.print(
        "\(path):\(found.line): operation \(operations): \(found.operation)")
      for (name, answer) in zip(names, found.answers) { streams.print("  \(name): \(answer)") }
      for line in sideBySide(found) { streams.print(line) }
    } else if !isQuiet {
      streams.print(
        "\(path): \(names[0]) and \(names[1]) answer all \(operations) operations alike")
    }
    return found == nil ? .held : .found
  }

  private var json: JSONValue {
    .object([
      ("trace", .string(path)), ("profiles", .array(names.map(JSONValue.string))),
      ("operations", .unsigned(operations)),
      ("operation", found == nil ? .null : .unsigned(operations)),
      ("line", found.map { .unsigned($0.line) } ?? .null),
      ("text", found.map { .string($0.operation) } ?? .null),
      ("answers", .array((found?.answers ?? []).map(JSONValue.string))),
      (
        "pages",
        .array((found?.pages ?? []).map { .string($0.joined(separator: "\n")) })
      ),
    ])
  }

  /// Both pages, line by line, below the names of their profiles.
  private func sideBySide(_ found: Found) -> [String] {
    let columns = zip(names, found.pages).map { name, page in
      ([name] + page).map { $0.replacing("\t", with: "    ") }
    }
    let width = columns[0].map(\.count).max() ?? 0
    return (0..<max(columns[0].count, columns[1].count)).map { row in
      let left = row < columns[0].count ? columns[0][row] : ""
      let right = row < columns[1].count ? columns[1][row] : ""
      return left + String(repeating: " ", count: width - left.count) + " | " + right
    }
  }
}
