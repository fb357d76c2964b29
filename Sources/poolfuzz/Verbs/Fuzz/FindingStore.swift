import Foundation
import PoolFuzzing

/// The folder of findings: `found/FAILURE/HASH.trace`, the certificate beside it.
///
/// A failure is the same when its identity is; of each a few traces are kept. A disk that is full
/// or a folder that is gone is reported and waited for: an overnight run must not lose a finding.
struct FindingStore {
  /// The corpus folder.
  let folder: String
  /// Tells of trouble.
  let note: (String) -> Void
  /// Traces kept of one failure.
  static let mostPerFailure = 4

  /// True where the failure has all the traces that are kept.
  func isFull(_ found: FoundTrace) -> Bool {
    let path = folder + "/found/" + found.folderName
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.count { $0.hasSuffix(".trace") } >= Self.mostPerFailure
  }

  /// Files a finding; returns the paths of the trace and of the certificate.
  func file(_ found: FoundTrace) throws(AtomicFile.Failure) -> (trace: String, certificate: String)
  {
    let base = "\(folder)/found/\(found.folderName)/\(found.contentHash)"
    // The certificate goes first: a trace that is there has one.
    if let certificate = found.certificate {
      try persist("\(certificate)", to: base + ".certificate")
    }
    try persist(found.text, to: base + ".trace")
    return (base + ".trace", found.certificate == nil ? "" : base + ".certificate")
  }

  /// Writes a file, waiting for the disk as long as nobody interrupts.
  func persist(_ text: String, to path: String) throws(AtomicFile.Failure) {
    while true {
      do throws(AtomicFile.Failure) {
        return try AtomicFile.write(text, to: path)
      } catch {
        note("\(error.message); trying again in 5 seconds")
        for _ in 0..<50 where !Interruption.isRequested { usleep(100_000) }
        if Interruption.isRequested { throw error }
      }
    }
  }
}
