import JSONLines
import KernelPool
import PoolDebugger
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
      .profile(
        "a profile to compare; given twice, or once against the trace's own", isRepeatable: true)
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
      throw WordList.systems.refusal(of: name, for: "--profile")
    }
    return profile
  }
}

/// One of the two machines that a trace is compared on.
struct DiffSide: ~Copyable {
  private var replayer: Replayer
  private let addresses: AddressPrinter

  /// Boots the machine.
  init(_ configuration: TraceConfiguration, path: String) throws(CommandFailure) {
    do {
      replayer = try Replayer.boot(configuration)
    } catch {
      throw CommandFailure(
        message: "\(path): \(configuration.pool.profile.name): \(error.message)", code: .badInput)
    }
    addresses = AddressPrinter(replayer.pool.view)
  }

  /// The profile's name.
  var name: String { replayer.configuration.pool.profile.name }

  /// True once the kernel has stopped.
  var hasStopped: Bool { replayer.pool.halted != nil }

  /// Runs an operation. Addresses in the answer are relative to their regions, since every version
  /// has its regions elsewhere.
  mutating func answer(_ operation: PoolTrace.Operation) -> Answer {
    let place = place(of: operation)
    let result = replayer.step(operation)
    if case .allocated(let address) = result {
      return Answer(text: result.text(addresses), place: address)
    }
    return Answer(text: result.text(addresses), place: place)
  }

  /// What `!pool` prints for the page of an answer.
  func page(of answer: Answer) -> [String] {
    guard let place = answer.place else { return ["no page"] }
    let text = PoolPagePrinter(replayer.pool.view).text(for: place)
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// The address that an operation works on, before it does.
  private func place(of operation: PoolTrace.Operation) -> Address? {
    switch operation {
    case .free(let name, _), .fill(let name):
      replayer.resolve(.slot(name, offset: 0))
    case .write(let name, let offset, _):
      replayer.resolve(.slot(name, offset: offset))
    case .freeAt(let expression, _), .writeAt(let expression, _):
      replayer.resolve(expression)
    case .config, .alloc, .contiguous, .processor, .tick, .interruptLevel, .dump, .expect,
      .target:
      nil
    }
  }

  /// What one operation came to.
  struct Answer {
    /// In words.
    var text: String
    /// An address on the page that it is about, if any.
    var place: Address?
  }
}

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
    var file = try TraceFile(path: path, streams)
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
      streams.print(json)
    } else if let found {
      streams.print(
        "\(path):\(found.line): operation \(operations): \(found.operation)")
      for (name, answer) in zip(names, found.answers) { streams.print("  \(name): \(answer)") }
      for line in sideBySide(found) { streams.print(line) }
    } else if !isQuiet {
      streams.print(
        "\(path): \(names[0]) and \(names[1]) answer all \(counted(operations, "operation")) alike")
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
