import ContentHash
import Platform
import PropertyTesting
import Testing

extension Property where Machine: ~Copyable {
  /// Tests the property within a test of Swift Testing, and records a failure as an issue there, with
  /// the minimal trace, its certificate and the cost of the reduction attached.
  ///
  /// Traces that failed before are tried first where a folder is named for them (`kept` of
  /// `.properties(...)`, or `PROPERTY_KEPT`), and a new one is put there: the trace itself and not its
  /// seed, which means another one as soon as a generator changes.
  ///
  /// - Parameter labels: words under which at least one operation must have been counted, so that
  ///   a run that never came to what matters does not pass.
  /// - Returns: the failure, or nil.
  @discardableResult
  public func check(
    reaching labels: [String] = [], fileID: String = #fileID, filePath: String = #filePath,
    line: Int = #line, column: Int = #column
  ) -> Failure?
  where
    Machine.Configuration: LosslessStringConvertible, Machine.Operation: LosslessStringConvertible
  {
    let place = SourceLocation(fileID: fileID, filePath: filePath, line: line, column: column)
    return check(labels, at: place, filePath, .lines)
  }

  /// The same where traces have a format of their own in files.
  @discardableResult
  public func check(
    reaching labels: [String] = [],
    keepingAs format: TraceFormat<Machine.Configuration, Machine.Operation>,
    fileID: String = #fileID, filePath: String = #filePath, line: Int = #line,
    column: Int = #column
  ) -> Failure? {
    let place = SourceLocation(fileID: fileID, filePath: filePath, line: line, column: column)
    return check(labels, at: place, filePath, format)
  }

  /// The same where traces cannot be read back: none is kept.
  @_disfavoredOverload
  @discardableResult
  public func check(
    reaching labels: [String] = [], fileID: String = #fileID, filePath: String = #filePath,
    line: Int = #line, column: Int = #column
  ) -> Failure? {
    let place = SourceLocation(fileID: fileID, filePath: filePath, line: line, column: column)
    return check(labels, at: place, filePath, nil)
  }

  private func check(
    _ labels: [String], at place: SourceLocation, _ filePath: String,
    _ format: TraceFormat<Machine.Configuration, Machine.Operation>?
  ) -> Failure? {
    func issue(_ words: String) { Issue.record(Comment(rawValue: words), sourceLocation: place) }
    do {
      let options = try PropertyOptions.environment().over(PropertyOptions.ofTraits)
      var property = self
      property.settings = options.applied(to: settings)
      let kept = format.flatMap { format in
        options.kept.map { name in
          KeptTraces(
            folder: name.hasPrefix("/") ? name : PathText.folder(of: filePath) + "/" + name,
            subject: "\(Machine.self)", format: format)
        }
      }
      let traces = try kept?.traces() ?? []
      let (failure, statistics) = property.run(trying: traces.map(\.trace))
      if let failure {
        let path: String? =
          if case .kept(let index) = failure.source { traces[index].path } else {
            try kept?.keep(failure.trace, of: failure.identity)
          }
        issue(Self.message(failure, property.settings, statistics, path))
        for (name, text) in failure.attachments {
          Attachment.record(text, named: name, sourceLocation: place)
        }
      } else {
        for label in labels where statistics.count(of: label) == 0 {
          issue("no operation was '\(label)' in \(statistics)")
        }
      }
      return failure
    } catch {
      issue("\(error)")
      return nil
    }
  }

  private static func message(
    _ failure: Failure, _ settings: PropertySettings, _ statistics: PropertyStatistics,
    _ path: String?
  ) -> String {
    var lines = [failure.message]
    if case .generated(let seed, let number, _) = failure.source {
      let test = Test.current.map { " --filter \($0.name.prefix { $0 != "(" })" } ?? ""
      lines.append(
        "again: PROPERTY_SEED=\(seed) PROPERTY_FIRST=\(number) PROPERTY_TRACES=1 "
          + "PROPERTY_OPERATIONS=\(settings.operationLimit) swift test\(test)")
    }
    if let path { lines.append("kept: \(path)") }
    return (lines + ["tried: \(statistics)"]).joined(separator: "\n")
  }
}

/// Failing traces in a folder of their own for each machine, a file a trace.
struct KeptTraces<Configuration: MachineConfiguration, Operation: SlotOperation> {
  /// The folder of the machine's traces.
  let folder: String
  /// How they stand there.
  let format: TraceFormat<Configuration, Operation>

  init(folder: String, subject: String, format: TraceFormat<Configuration, Operation>) {
    self.folder = folder + "/" + Self.name(subject)
    self.format = format
  }

  /// The traces, by their paths; none where there is no folder.
  func traces() throws -> [(path: String, trace: Trace<Configuration, Operation>)] {
    guard Files.isFolder(folder) else { return [] }
    var traces: [(path: String, trace: Trace<Configuration, Operation>)] = []
    for name in try Files.names(in: folder) where name.hasSuffix(".trace") {
      let path = folder + "/" + name
      guard let bytes = try Files.contents(of: path, limitBytes: 1 << 24) else { continue }
      do {
        traces.append((path, try format.read(String(decoding: bytes, as: UTF8.self))))
      } catch {
        throw PropertyOptionsError(description: "\(path): \(error)")
      }
    }
    return traces
  }

  /// Keeps a trace under the name of its failure and of its content, and gives its path.
  func keep(
    _ trace: Trace<Configuration, Operation>, of identity: FailureIdentity
  ) throws(SystemError) -> String {
    let text = format.write(trace)
    let path = "\(folder)/\(Self.name("\(identity)"))-\(ContentHash.of(text)).trace"
    try Files.makeFolder(folder)
    try AtomicFile.write(text, to: path)
    return path
  }

  /// Words as a file name: letters and digits, a hyphen for all between.
  private static func name(_ words: String) -> String {
    words.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }.joined(separator: "-").prefix(60)
      .description
  }
}
