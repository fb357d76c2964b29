import Platform
import JSONLines
import KernelPool
import PoolFuzzing
import PropertyTesting

/// The folder of findings: `found/FAILURE/HASH.trace`, the certificate beside it.
///
/// A failure is the same when its identity is, and a trace when its text is; of each failure a few
/// traces are kept. A disk that is full or a folder that is gone is reported and waited for: an
/// overnight run must not lose a finding. The corpus folder itself is made at the start only: one
/// that has gone since may be a disk that will come back.
struct FindingStore: Sendable {
  /// The corpus folder.
  let folder: String
  /// The corpus folder where nobody names one. It is not `Corpus`: in a checkout that folder is the
  /// repository's, and its tests try all that is there.
  static let usualFolder = "findings"
  /// Traces kept of one failure.
  static let mostPerFailure = 4
  private static let waitSeconds = 0.25
  private static let reportSeconds = 60.0

  /// Makes the corpus folder, and clears away what killed runs have left half written.
  func prepare() throws(CommandFailure) {
    try answered { () throws(SystemError) in try Files.makeFolder(folder) }
    removeLeftovers()
  }

  /// Clears away what killed runs have left half written.
  func removeLeftovers() {
    for name in ["found", "fuzz", "kept"] { AtomicFile.removeLeftovers(in: folder + "/" + name) }
  }

  /// True where the failure has all the traces that are kept, and this one is none of them.
  func isFull(_ found: FoundTrace, isOfHealthyModel: Bool) -> Bool {
    let path = place(of: found, isOfHealthyModel)
    let names = (try? Files.names(in: path)) ?? []
    return !names.contains(found.contentHash + ".trace")
      && names.count { $0.hasSuffix(".trace") } >= Self.mostPerFailure
  }

  /// Files a finding; returns the paths of the trace and of the certificate.
  func file(
    _ found: FoundTrace, isOfHealthyModel: Bool, note: (String) -> Void
  ) throws(SystemError) -> (trace: String, certificate: String) {
    let base = place(of: found, isOfHealthyModel) + "/" + found.contentHash
    // The certificate goes first: a trace that is there has one.
    if let certificate = found.certificate {
      try persist("\(certificate)", to: base + ".certificate", note: note)
    }
    try persist(found.text, to: base + ".trace", note: note)
    return (base + ".trace", found.certificate == nil ? "" : base + ".certificate")
  }

  /// The folder of a failure. On a night with a planted bug, what the healthy model shows as well has
  /// a folder of its own.
  private func place(of found: FoundTrace, _ isOfHealthyModel: Bool) -> String {
    "\(folder)/found/\(isOfHealthyModel ? "healthy-model." : "")\(found.folderName)"
  }

  /// Writes a file unless the corpus folder is gone.
  func write(_ text: String, to path: String) throws(SystemError) {
    guard Files.exists(folder) else {
      throw SystemError.absence(of: folder)
    }
    try AtomicFile.write(text, to: path)
  }

  /// Writes a file, waiting for the disk as long as nobody interrupts; tells of it at once and then
  /// every minute.
  func persist(
    _ text: String, to path: String, note: (String) -> Void
  ) throws(SystemError) {
    var silence = 0.0
    while true {
      do throws(SystemError) {
        return try write(text, to: path)
      } catch {
        if silence <= 0 {
          note("\(error.message); waiting until it can be written")
          silence = Self.reportSeconds
        }
        Machine.sleep(seconds: Self.waitSeconds)
        silence -= Self.waitSeconds
        if Interruption.isRequested { throw error }
      }
    }
  }
}

extension FiledFinding {
  /// The JSON members of a finding.
  var members: [(String, JSONValue)] {
    [
      ("identity", .string("\(identity)")), ("trace", .string(trace)),
      ("certificate", .string(certificate)),
      ("operations_before", .integer(Int64(operationsBefore))),
      ("operations_after", .integer(Int64(operationsAfter))),
      ("executions", .integer(Int64(executions))), ("one_minimal", .bool(isOneMinimal)),
      ("length", .string("\(length)")),
      ("number", .unsigned(number)), ("mutant", .string(mutant.rawValue)),
      ("met_while", metWhile.map { .string("\($0)") } ?? .null),
    ]
  }
}
