#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import Synchronization

/// A file that appears whole or not at all: it is written beside its place, flushed and renamed, and
/// its folder is flushed after it.
///
/// The name beside the place is made anew for every file, exclusively and without following a link,
/// so that nobody who can guess it can have another file written over. It carries the host, the
/// process and the time at which that began: what a killed writer leaves can be told from what
/// somebody still writes, also on a folder that several machines share.
public final class AtomicFile {
  private let path: String
  private let temporaryPath: String
  private let descriptor: Int32
  private var isDone = false
  private var failure: SystemError?
  /// The files beside their places that this process writes.
  private static let unfinished = Mutex<Set<String>>([])

  /// Opens the file beside `path`, so that a place where nothing can be written is known at once.
  /// What is there must be an ordinary file: a rename would replace a device or a pipe. What killed
  /// writers have left beside it is removed, by the first file that a process writes into a folder.
  public init(path: String) throws(SystemError) {
    self.path = path
    if let kind = try Files.kind(of: path), kind != .file {
      throw SystemError(path: path, number: kind == .folder ? EISDIR : EINVAL)
    }
    Self.clear(PathText.folder(of: path))
    var random = SystemRandomNumberGenerator()
    while true {
      let candidate = TemporaryName.path(beside: path, number: random.next())
      do throws(SystemError) {
        descriptor = try SystemCall.run(path) {
          open(candidate, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        }
      } catch {
        if error.number == EEXIST { continue }
        throw error
      }
      temporaryPath = candidate
      Self.unfinished.withLock { _ = $0.insert(candidate) }
      return
    }
  }

  deinit {
    Self.unfinished.withLock { _ = $0.remove(temporaryPath) }
    guard !isDone else { return }
    close(descriptor)
    unlink(temporaryPath)
  }

  /// Removes what this process has begun to write, before it becomes another whose name for them is the same.
  static func removeUnfinished() {
    unfinished.withLock { paths in
      for path in paths { unlink(path) }
      paths = []
    }
  }

  /// Adds bytes; a failure shows when the file is finished.
  public func write(_ bytes: [UInt8]) {
    guard failure == nil else { return }
    do throws(SystemError) {
      try Files.writeAll(bytes[...], to: descriptor, path)
    } catch {
      failure = error
    }
  }

  /// Puts the file in its place. When it returns, file and name are on the disk.
  public func finish() throws(SystemError) {
    if let failure { throw failure }
    try Files.synchronize(descriptor, path)
    let temporaryPath = temporaryPath
    let path = path
    _ = try SystemCall.run(path) { rename(temporaryPath, path) }
    close(descriptor)
    isDone = true
    try Files.synchronizeFolder(of: path)
  }

  /// Writes a whole file; makes the folder where it is missing.
  public static func write(_ text: String, to path: String) throws(SystemError) {
    try Files.makeFolder(PathText.folder(of: path))
    let file = try AtomicFile(path: path)
    file.write(Array(text.utf8))
    try file.finish()
  }

  private static let clearedFolders = Mutex<Set<String>>([])

  /// Removes leftovers from a folder, the first time that it is asked to.
  private static func clear(_ folder: String) {
    guard clearedFolders.withLock({ $0.insert(folder).inserted }) else { return }
    let place = folder.isEmpty ? "." : folder
    removeLeftovers(among: (try? Files.names(in: place)) ?? [], in: place)
  }

  /// Removes what writers of this machine that are surely gone have left in a folder and the folders
  /// in it. What cannot be looked at is left.
  public static func removeLeftovers(in folder: String) {
    removeLeftovers(among: (try? Files.paths(below: folder) { _ in }) ?? [], in: folder)
  }

  private static func removeLeftovers(among paths: [String], in folder: String) {
    for path in paths where TemporaryName.isLeftover(PathText.name(of: path)) {
      try? Files.remove(folder + "/" + path)
    }
  }
}

/// The name of a file that is being written: `.tmp-HOST-PROCESS-START-NUMBER` and as much of the
/// file's own name before it as the file system takes.
enum TemporaryName {
  private static let marker = ".tmp-"
  /// The longest name that file systems take, in bytes.
  private static let mostBytes = 255

  static func path(beside path: String, number: UInt64) -> String {
    let ending =
      marker + host + "-\(Machine.processNumber)-\(Machine.processStart)-"
      + String(number, radix: 36)
    let name = PathText.name(of: path)
    var bytes = Array(name.utf8.prefix(max(0, mostBytes - ending.utf8.count)))
    // Half a character is none.
    while let last = bytes.last, last & 0xC0 == 0x80 || last & 0xC0 == 0xC0 { bytes.removeLast() }
    let start =
      name.utf8.count + ending.utf8.count <= mostBytes
      ? name : String(decoding: bytes, as: UTF8.self)
    let folder = PathText.folder(of: path)
    let prefix = folder.isEmpty ? "" : folder == "/" ? "/" : folder + "/"
    return prefix + start + ending
  }

  /// Whether a name is that of a file whose writer, a process of this machine, is gone.
  static func isLeftover(_ name: String) -> Bool {
    guard let place = name.lastRange(of: marker) else { return false }
    let parts = name[place...].dropFirst(marker.count).split(separator: "-")
    guard parts.count == 4, parts[0] == host, let process = Int32(parts[1]),
      let start = UInt64(parts[2])
    else { return false }
    return Machine.startOfProcess(process) != start
  }

  /// The machine's name, without what parts the name of the file.
  private static let host: String = String(
    Machine.hostName.prefix(32).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
}

extension String {
  /// Where the last occurrence of another text begins.
  fileprivate func lastRange(of text: String) -> Index? {
    var place = endIndex
    while place > startIndex {
      place = index(before: place)
      if self[place...].hasPrefix(text) { return place }
    }
    return nil
  }
}

/// Keeps two processes from working on one thing. The system takes it back from a killed process.
public struct FileLock: Sendable, Equatable {
  private let descriptor: Int32
  private let path: String

  /// Takes the lock; nil where another process has it.
  public static func take(_ path: String) throws(SystemError) -> FileLock? {
    try Files.makeFolder(PathText.folder(of: path))
    let descriptor = try SystemCall.run(path) {
      open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
    }
    let isTaken: Bool
    do throws(SystemError) {
      isTaken = try SystemCall.run(path) { flock(descriptor, LOCK_EX | LOCK_NB) } == 0
    } catch {
      close(descriptor)
      guard error.number == EWOULDBLOCK else { throw error }
      return nil
    }
    guard isTaken, isStillThere(path, descriptor) else {
      close(descriptor)
      return nil
    }
    return FileLock(descriptor: descriptor, path: path)
  }

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Whether the path still names the file that was locked: whoever had it before removes it.
  private static func isStillThere(_ path: String, _ descriptor: Int32) -> Bool {
    var (locked, named) = (stat(), stat())
    return fstat(descriptor, &locked) == 0 && stat(path, &named) == 0
      && locked.st_ino == named.st_ino
  }

  /// Gives it back.
  public func release() {
    unlink(path)
    close(descriptor)
  }
}
