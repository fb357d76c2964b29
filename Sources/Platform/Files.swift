#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files and folders by their paths.
///
/// Only what does not exist counts as absent. A file that cannot be opened, a loop of links, a disk
/// that does not answer are errors with path and reason: what they hide must not be taken for
/// nothing and written over.
public enum Files {
  /// What a path names.
  public enum Kind: Sendable, Hashable {
    /// An ordinary file.
    case file
    /// A folder.
    case folder
    /// A device, a pipe, a socket.
    case other
  }

  /// What a path names, links followed; nil where nothing is there.
  public static func kind(of path: String) throws(SystemError) -> Kind? {
    guard let status = try status(path) else { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .folder
    default: .other
    }
  }

  /// Whether something is there; what cannot be looked at is.
  public static func exists(_ path: String) -> Bool {
    do throws(SystemError) { return try status(path) != nil } catch { return true }
  }

  /// Whether a folder is there.
  public static func isFolder(_ path: String) -> Bool { (try? kind(of: path)) == .folder }

  /// When a file was changed last, in seconds since 1970; nil where nothing is there.
  public static func secondsOfChange(_ path: String) throws(SystemError) -> Double? {
    guard let status = try status(path) else { return nil }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func status(_ path: String) throws(SystemError) -> stat? {
    var status = stat()
    do throws(SystemError) {
      _ = try SystemCall.run(path) { stat(path, &status) }
    } catch {
      if error.isAbsence { return nil }
      throw error
    }
    return status
  }

  /// The whole content; nil where nothing is there. A file longer than `limitBytes` is an error
  /// (`EFBIG`).
  public static func contents(
    of path: String, limitBytes: Int = .max
  ) throws(SystemError) -> [UInt8]? {
    let file: OpenedFile
    do throws(SystemError) {
      file = try OpenedFile(path: path)
    } catch {
      if error.isAbsence { return nil }
      throw error
    }
    return try file.contents(limitBytes: limitBytes)
  }

  #if canImport(Darwin)
    private typealias Directory = UnsafeMutablePointer<DIR>
  #else
    private typealias Directory = OpaquePointer
  #endif

  /// The names in a folder, sorted by their bytes.
  public static func names(in folder: String) throws(SystemError) -> [String] {
    // Opening is counted as one call; reading an opened folder does not fail on its own.
    var opened: Directory?
    _ = try SystemCall.run(folder) {
      opened = opendir(folder)
      return opened == nil ? -1 : 0
    }
    return Self.names(in: opened)
  }

  /// The numbers of a process's threads, in text. Such folders are no folders of the user's: they are not
  /// counted among the calls that can be made to fail.
  static func threadNames(of process: Int32) -> [String] {
    names(in: opendir("/proc/\(process)/task"))
  }

  private static func names(in opened: Directory?) -> [String] {
    guard let opened else { return [] }
    defer { closedir(opened) }
    var names: [String] = []
    while let entry = readdir(opened) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Every file below a folder, by its path from there, sorted by bytes. What cannot be looked at is
  /// handed to `complain` and left out; links to folders are not followed.
  public static func paths(
    below folder: String, complain: (SystemError) -> Void
  ) throws(SystemError) -> [String] {
    var found: [String] = []
    var waiting = [""]
    while let prefix = waiting.popLast() {
      let place = prefix.isEmpty ? folder : folder + "/" + prefix
      let names: [String]
      do throws(SystemError) {
        names = try Self.names(in: place)
      } catch {
        if prefix.isEmpty { throw error }
        complain(error)
        continue
      }
      for name in names {
        let path = prefix.isEmpty ? name : prefix + "/" + name
        var status = stat()
        if lstat(folder + "/" + path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
          waiting.append(path)
        } else {
          found.append(path)
        }
      }
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Makes a folder and those above it; one that is there is well. What was made is on the disk when it
  /// returns.
  public static func makeFolder(_ path: String) throws(SystemError) {
    guard !path.isEmpty, !isFolder(path) else { return }
    do throws(SystemError) {
      try makeOneFolder(path)
    } catch {
      let above = PathText.folder(of: path)
      guard error.isAbsence, !above.isEmpty, above != path else { throw error }
      try makeFolder(above)
      try makeOneFolder(path)
    }
  }

  private static func makeOneFolder(_ path: String) throws(SystemError) {
    do throws(SystemError) {
      _ = try SystemCall.run(path) { mkdir(path, 0o777) }
    } catch {
      // Somebody else has made it.
      guard error.number == EEXIST, isFolder(path) else { throw error }
    }
    try synchronizeFolder(of: path)
  }

  /// A name is on the disk when its folder is.
  static func synchronizeFolder(of path: String) throws(SystemError) {
    let name = PathText.folder(of: path)
    let folder = name.isEmpty ? "." : name
    let descriptor = try SystemCall.run(folder) { open(folder, O_RDONLY | O_CLOEXEC) }
    defer { close(descriptor) }
    try synchronize(descriptor, folder)
  }

  /// Removes a file; one that is not there is well.
  public static func remove(_ path: String) throws(SystemError) {
    do throws(SystemError) {
      _ = try SystemCall.run(path) { unlink(path) }
    } catch {
      guard error.isAbsence else { throw error }
    }
  }

  /// Adds bytes to the end of a file, which is made where it is missing; all of them or an error. The
  /// bytes are on the disk when it returns.
  public static func append(_ bytes: [UInt8], to path: String) throws(SystemError) {
    let descriptor = try SystemCall.run(path) {
      open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }
    defer { close(descriptor) }
    let end = lseek(descriptor, 0, SEEK_END)
    do throws(SystemError) {
      try writeAll(bytes[...], to: descriptor, path)
      try synchronize(descriptor, path)
      if end == 0 { try synchronizeFolder(of: path) }
    } catch {
      // Half a row is worse than none.
      _ = ftruncate(descriptor, end)
      throw error
    }
  }

  /// A file on a disk rather than in memory, whose name is gone at once; `purpose` names it in errors.
  static func openWithoutName(_ purpose: String) throws(SystemError) -> Int32 {
    let folders = [Machine.environment("TMPDIR") ?? "", "/var/tmp", "/tmp", "."]
    var failure = SystemError(path: purpose, number: ENOENT)
    for folder in folders where !folder.isEmpty {
      var path = Array("\(folder)/poolfuzz-XXXXXX".utf8CString)
      do throws(SystemError) {
        let descriptor = try SystemCall.run("\(folder): \(purpose)") { mkstemp(&path) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(path)
        return descriptor
      } catch {
        failure = error
      }
    }
    throw failure
  }

  /// Writes every byte.
  static func writeAll(
    _ bytes: ArraySlice<UInt8>, to descriptor: Int32, _ path: String
  ) throws(SystemError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = try SystemCall.transfer(path, rest.count) { count in
        rest.withUnsafeBytes { write(descriptor, $0.baseAddress, count) }
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Waits until what was written is on the disk; what has no disk, a pipe say, is well.
  static func synchronize(_ descriptor: Int32, _ path: String) throws(SystemError) {
    do throws(SystemError) {
      _ = try SystemCall.run(path) { fsync(descriptor) }
    } catch {
      guard error.number == EINVAL || error.number == ENOTSUP else { throw error }
    }
  }
}

/// A file that was opened for reading, or standard input for `-`; closed with its owner.
public struct OpenedFile: ~Copyable {
  /// The name in messages.
  public let name: String
  /// The system's descriptor.
  public let descriptor: Int32
  private static let pieceBytes = 1 << 16

  /// Opens a file.
  public init(path: String) throws(SystemError) {
    name = path == "-" ? "standard input" : path
    descriptor =
      path == "-" ? 0 : try SystemCall.run(path) { open(path, O_RDONLY | O_CLOEXEC) }
  }

  /// The owner of a descriptor that is open, read from its beginning.
  init(descriptor: Int32, name: String) {
    (self.descriptor, self.name) = (descriptor, name)
    lseek(descriptor, 0, SEEK_SET)
  }

  deinit { if descriptor > 0 { close(descriptor) } }

  /// Reads at most as many bytes as the buffer has; 0 at the end.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    try Self.read(into: buffer, from: descriptor, name)
  }

  /// The same from a descriptor that somebody else opened.
  public static func read(
    into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, _ name: String = ""
  ) throws(SystemError) -> Int {
    try SystemCall.transfer(name, buffer.count) { count in
      systemRead(descriptor, buffer.baseAddress, count)
    }
  }

  /// Reads bytes at a place of the file; fewer than the buffer has only at its end.
  public func read(
    into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
  ) throws(SystemError) -> Int {
    guard let start = off_t(exactly: offset) else { return 0 }
    let descriptor = descriptor
    var done = 0
    while done < buffer.count {
      let count = try SystemCall.transfer(name, buffer.count - done) { count in
        pread(descriptor, buffer.baseAddress?.advanced(by: done), count, start + off_t(done))
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// How many bytes were read of it; nil for a pipe or a terminal.
  public var position: UInt64? {
    let place = lseek(descriptor, 0, SEEK_CUR)
    return place < 0 ? nil : UInt64(place)
  }

  /// Bytes of an ordinary file; nil for a pipe or a terminal.
  public func byteCount() throws(SystemError) -> UInt64? {
    var status = stat()
    let descriptor = descriptor
    _ = try SystemCall.run(name) { fstat(descriptor, &status) }
    return status.st_mode & S_IFMT == S_IFREG ? UInt64(status.st_size) : nil
  }

  /// All that is left to read. More than `limitBytes` is an error (`EFBIG`).
  public func contents(limitBytes: Int = .max) throws(SystemError) -> [UInt8] {
    var bytes: [UInt8] = []
    try forEachPiece { (piece) throws(SystemError) in
      guard piece.count <= limitBytes - bytes.count else {
        throw SystemError(path: name, number: EFBIG)
      }
      bytes.append(contentsOf: piece)
    }
    return bytes
  }

  /// Calls `body` with one piece after the other to the end of the file.
  public func forEachPiece(
    _ body: (ArraySlice<UInt8>) throws(SystemError) -> Void
  ) throws(SystemError) {
    var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
    while true {
      var count = 0
      var failure: SystemError?
      piece.withUnsafeMutableBytes { buffer in
        do throws(SystemError) { count = try read(into: buffer) } catch { failure = error }
      }
      if let failure { throw failure }
      if count == 0 { return }
      try body(piece[..<count])
    }
  }
}

/// The system's `read`, which a method of the same name would hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int)
  -> Int
{
  read(descriptor, buffer, count)
}
