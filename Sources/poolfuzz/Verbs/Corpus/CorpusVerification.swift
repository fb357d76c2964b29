import Platform
import JSONLines
import ContentHash
import FragmentationSearch
import PoolFuzzing
import PoolTrace
import PropertyTesting

/// `corpus verify`: every trace still does what its file says.
///
/// Every trace is judged as `replay` judges it. One that names a failure must show it, its
/// certificate must hold word for word, and where a bug is planted the healthy model must pass. One
/// that was recorded against somebody else's allocator is not judged. A program must keep its
/// promises to the last operation. Any other trace must hold. A name that is a hash must be the text's.
struct CorpusVerification {
  private let level: CheckLevel
  private let isJSON: Bool
  private let isQuiet: Bool
  private let streams: StandardStreams

  init(_ arguments: ParsedArguments, _ streams: StandardStreams) throws(CommandFailure) {
    level = try arguments.checkLevel()
    guard level != .off else { throw .usage("--check off: there is nothing to verify") }
    isJSON = arguments.has("--json")
    isQuiet = arguments.has("--quiet")
    self.streams = streams
  }

  func run(_ folders: [String]) throws(CommandFailure) -> ExitCode {
    Interruption.install()
    var code = ExitCode.held
    var (count, certified) = (0, 0)
    for folder in folders {
      let traces = try CorpusTrace.all(below: folder) { failure in
        streams.note(failure)
        code = code.combined(with: failure.code)
      }
      for (number, trace) in traces.enumerated() {
        if Interruption.isRequested { return .interrupted }
        streams.progress("\(folder): trace \(number + 1) of \(traces.count)")
        var verification = Verification()
        do throws(CommandFailure) {
          verification = try verify(trace)
          if !verification.problems.isEmpty { code = code.combined(with: .found) }
          if verification.isNotJudged { code = code.combined(with: .badInput) }
        } catch {
          verification.problems = [error.message]
          code = code.combined(with: error.code)
        }
        count += 1
        certified += trace.certificate == nil ? 0 : 1
        show(trace, verification)
      }
    }
    guard count > 0 || code != .held else {
      throw CommandFailure(
        message: "\(folders.joined(separator: ", ")): no trace below", code: .badInput)
    }
    if !isQuiet {
      streams.note("\(counted(count, "trace")) verified, \(certified) with a certificate")
    }
    return code
  }

  /// What became of one file.
  private struct Verification {
    /// What does not hold; empty where everything does.
    var problems: [String] = []
    /// The verdict as `replay` words it; empty for programs.
    var verdict: [String] = []
    /// Whether nobody could judge it.
    var isNotJudged = false
  }

  private func verify(_ trace: CorpusTrace) throws(CommandFailure) -> Verification {
    var result = Verification()
    if let program = try trace.program() {
      result.problems = program.problems
      return result
    }
    let change =
      trace.isNamedByItsText ? [] : ["its name is the hash of another text: it was changed"]
    if let found = try trace.found(), TraceProcess.isNeeded(for: found.identity) {
      let execute = TraceProcess.executing(found.identity, seconds: ProcessLimits.seconds)
      // The other process has the time; the one before this may have been a file read here.
      ProcessLimits.endInput()
      let shows = execute(found.trace).shows(found.identity)
      result.problems = change + Self.discrepancies(found, shows: shows, execute)
      return result
    }
    let verdict = try TraceVerdict.judging(trace.path, level: level)
    result.verdict = verdict.lines
    if verdict.code == .badInput {
      result.isNotJudged = true
      return result
    }
    result.problems = change
    guard let found = try trace.found() else {
      if verdict.code != .held { result.problems += verdict.lines }
      return result
    }
    result.problems += Self.discrepancies(
      found, shows: verdict.showsRecorded == true, PoolShrinker.execute)
    if let identity = PoolShrinker.healthyIdentity(of: found.trace) {
      result.problems.append("the healthy model shows '\(identity)'")
    }
    return result
  }

  /// What does not hold of a failure and of its certificate.
  private static func discrepancies(
    _ found: FoundTrace, shows: Bool, _ execute: (PoolFuzzTrace) -> Execution
  ) -> [String] {
    let failure = shows ? [] : ["it does not show '\(found.identity)'"]
    let certificate = found.certificate?.discrepancies(
      for: found.trace, search: (PoolShrinker.search, PoolShrinker.standardBudget.searchLimit),
      execute: execute)
    return failure + (certificate ?? []).map(\.description)
  }

  private func show(_ trace: CorpusTrace, _ verification: Verification) {
    let problems = verification.problems
    if isJSON {
      streams.print(
        JSONValue.object([
          ("trace", .string(trace.path)),
          ("holds", verification.isNotJudged ? .null : .bool(problems.isEmpty)),
          ("certificate", .bool(trace.certificate != nil)),
          ("problems", .array(problems.map(JSONValue.string))),
          ("verdict", .array(verification.verdict.map(JSONValue.string))),
        ]))
    } else {
      for problem in problems { streams.print("\(trace.path): \(problem)") }
      if problems.isEmpty, !isQuiet {
        verification.verdict.forEach(streams.print)
        if !verification.isNotJudged { streams.print("\(trace.path): holds") }
      }
    }
    streams.flush()
  }
}

/// A trace of a corpus, or a program that makes one, with the certificate beside it.
struct CorpusTrace {
  /// The folder that holds the corpus.
  let root: String
  /// The path below it, the extension left out.
  let name: String
  /// What is in the file.
  let kind: Kind
  /// The text of the trace.
  let text: String
  /// The text of the certificate, if there is one.
  let certificate: String?

  /// Kinds of files, by their extensions.
  enum Kind: String, CaseIterable {
    /// Operations.
    case trace
    /// A program of ``MaximalProgram``.
    case program
  }

  /// Reads the trace and its certificate. Throws where a file cannot be read.
  init(root: String, name: String, kind: Kind) throws(CommandFailure) {
    self.root = root
    self.name = name
    self.kind = kind
    let read = try textOfFile("\(root)/\(name).\(kind.rawValue)")
    // A program of an earlier form is taken for one of today's, with its hash.
    text = kind == .program ? (try? MaximalProgram(text: read))?.text ?? read : read
    let path = root + "/" + name + ".certificate"
    certificate = Files.exists(path) ? try textOfFile(path) : nil
  }

  /// The path of the trace.
  var path: String { "\(root)/\(name).\(kind.rawValue)" }
  /// The first folder of the path, which says what rules the trace is kept by; empty where it lies
  /// in the corpus folder itself.
  var topFolder: String { name.contains("/") ? String(name.prefix { $0 != "/" }) : "" }
  /// The folder it lies in, below the corpus folder.
  var folder: String { PathText.folder(of: name) }
  /// A name by content: the same for the same trace and certificate.
  var contentHash: String { ContentHash.of(text + (certificate ?? "")) }

  /// False where the name of a trace is a hash, and not of its text.
  var isNamedByItsText: Bool {
    let last = PathText.name(of: name)
    let isHash = last.utf8.count == 16 && last.allSatisfy(\.isHexDigit)
    return kind != .trace || !isHash || last == contentName
  }

  /// The number of operations: lines that are neither comments nor settings nor expectations.
  var operationCount: Int {
    text.split(separator: "\n").count { line in
      guard let word = line.split(separator: " ", maxSplits: 1).first else { return false }
      return !word.hasPrefix("#") && word != "config" && word != "expect" && word != "dump"
    }
  }

  /// The failing trace that it is; nil where its comments name no failure.
  func found() throws(CommandFailure) -> FoundTrace? {
    guard kind == .trace else { return nil }
    do {
      let found = try FoundTrace(text: text, certificate: certificate)
      return found.identity == FailureIdentity("") ? nil : found
    } catch let error as TraceError {
      throw CommandFailure(message: error.description(file: path), code: .badInput)
    } catch {
      throw CommandFailure(message: "\(root)/\(name).certificate: \(error)", code: .badInput)
    }
  }

  /// The program that it is; nil where it is a trace.
  func program() throws(CommandFailure) -> MaximalProgram? {
    guard kind == .program else { return nil }
    do {
      return try MaximalProgram(text: text)
    } catch {
      throw CommandFailure(message: "\(path):\(error)", code: .badInput)
    }
  }

  /// Every trace below a folder, in the order of their names. What cannot be read is handed to
  /// `unreadable`, and the rest is read all the same; throws where there is no such folder.
  static func all(
    below root: String, unreadable: (CommandFailure) -> Void
  ) throws(CommandFailure) -> [CorpusTrace] {
    let root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
    let kind = try answered { () throws(SystemError) in try Files.kind(of: root) }
    guard let kind else { throw CommandFailure(.absence(of: root)) }
    guard kind == .folder else {
      throw CommandFailure(
        message: "\(root): a file, where a folder is expected; 'poolfuzz replay' judges one trace",
        code: .badInput)
    }
    let paths = try answered { () throws(SystemError) in
      try Files.paths(below: root) { unreadable(CommandFailure($0)) }
    }
    var traces: [CorpusTrace] = []
    for path in paths {
      guard let dot = path.lastIndex(of: "."), path[dot...].dropFirst().allSatisfy({ $0 != "/" }),
        let kind = Kind(rawValue: String(path[path.index(after: dot)...]))
      else { continue }
      do throws(CommandFailure) {
        traces.append(try CorpusTrace(root: root, name: String(path[..<dot]), kind: kind))
      } catch {
        unreadable(error)
      }
    }
    return traces
  }
}
