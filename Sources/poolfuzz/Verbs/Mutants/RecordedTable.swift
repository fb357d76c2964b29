import Platform
import PoolFuzzing

/// A detection table in a file, a JSON line a row: what has been run is not run again, so that a
/// run that was ended goes on when it is begun again.
struct RecordedTable {
  /// The rows, in the order of the file.
  let rows: [RecordedRow]
  private let path: String

  /// Reads a file; one that does not exist has no rows. A last line that a writer could not end is
  /// cut off; one that is not the beginning of a row is somebody else's, and stays. So does a file
  /// with a row that is not as it was written.
  init(_ path: String) throws(CommandFailure) {
    self.path = path
    guard let bytes = try answered({ () throws(SystemError) in try Files.contents(of: path) })
    else {
      rows = []
      return
    }
    let whole: String
    do throws(RecordedRow.TableError) {
      (rows, whole) = try RecordedRow.table(bytes)
    } catch {
      let place = error.line.map { ":\($0)" } ?? ""
      throw CommandFailure(
        message: "\(path)\(place): expected \(error.expected)", code: .badInput)
    }
    guard whole.utf8.count < bytes.count else { return }
    try answered { () throws(SystemError) in try AtomicFile.write(whole, to: path) }
  }

  /// Adds a line at the end of the file.
  func append(_ line: String) throws(CommandFailure) {
    try answered { () throws(SystemError) in
      try Files.append(Array((line + "\n").utf8), to: path)
    }
  }
}
