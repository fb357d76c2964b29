import Foundation

/// Keeps two runs from working on one campaign. The system takes it back from a killed process.
struct CampaignLock {
  private let descriptor: Int32
  private let path: String

  /// Takes the lock; throws where another process has it.
  init(path: String) throws(CommandFailure) {
    let folder = PathText.folder(of: path)
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    self.path = path
    guard descriptor >= 0 else {
      throw CommandFailure(
        message: "\(path): \(String(cString: strerror(errno)))", code: .environment)
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, Self.isStillThere(path, descriptor) else {
      close(descriptor)
      throw CommandFailure(
        message: "\(path): another process works on this campaign", code: .environment)
    }
  }

  /// Whether the path still names the file that was locked: whoever had it before removes it.
  private static func isStillThere(_ path: String, _ descriptor: Int32) -> Bool {
    var (locked, named) = (stat(), stat())
    return fstat(descriptor, &locked) == 0 && stat(path, &named) == 0
      && locked.st_ino == named.st_ino
  }

  /// Gives it back.
  func release() {
    unlink(path)
    close(descriptor)
  }
}
