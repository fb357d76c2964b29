import Platform
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A folder of a test, removed with everything in it.
private struct Folder: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/platform-XXXXXX".utf8CString)
    path = try #require(mkdtemp(&template).map { String(cString: $0) })
  }

  deinit {
    for name in (try? Files.paths(below: path) { _ in }) ?? [] {
      try? Files.remove(path + "/" + name)
    }
    for name in ["a/b", "a", "locked", "."] { rmdir(path + "/" + name) }
    rmdir(path)
  }
}

@Suite("Files")
struct FilesTests {
  @Test("only what does not exist is absent")
  func absence() throws {
    let folder = try Folder()
    #expect(try Files.kind(of: folder.path + "/none") == nil)
    #expect(try Files.contents(of: folder.path + "/none") == nil)
    #expect(try Files.kind(of: folder.path) == .folder)
    // A loop of links hides whatever is behind it.
    symlink(folder.path + "/y", folder.path + "/x")
    symlink(folder.path + "/x", folder.path + "/y")
    #expect(throws: SystemError(path: folder.path + "/x", number: ELOOP)) {
      try Files.kind(of: folder.path + "/x")
    }
    #expect(throws: SystemError(path: folder.path + "/x", number: ELOOP)) {
      try Files.contents(of: folder.path + "/x")
    }
    #expect(Files.exists(folder.path + "/x") && !Files.exists(folder.path + "/none"))
    // A file is no folder that lacks the name.
    try AtomicFile.write("text", to: folder.path + "/file")
    #expect(throws: SystemError(path: folder.path + "/file/none", number: ENOTDIR)) {
      try Files.contents(of: folder.path + "/file/none")
    }
  }

  @Test("a content is read whole, or refused where it is longer than allowed")
  func contents() throws {
    let folder = try Folder()
    let path = folder.path + "/file"
    let text = String(repeating: "0123456789", count: 20_000)
    try AtomicFile.write(text, to: path)
    #expect(try Files.contents(of: path) == Array(text.utf8))
    #expect(try Files.contents(of: path, limitBytes: 200_000)?.count == 200_000)
    #expect(throws: SystemError(path: path, number: EFBIG)) {
      try Files.contents(of: path, limitBytes: 199_999)
    }
    let file = try OpenedFile(path: path)
    #expect(try file.byteCount() == 200_000)
    var bytes = [UInt8](repeating: 0, count: 8)
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 199_995) }
    #expect(count == 5 && bytes.prefix(5) == Array("56789".utf8)[...])
  }

  @Test("files below a folder are found in one order, and what cannot be looked at is told")
  func paths() throws {
    let folder = try Folder()
    for name in ["a/b/2", "a/1", "z", "B", "a/b/10"] {
      try AtomicFile.write("", to: folder.path + "/" + name)
    }
    symlink("nowhere", folder.path + "/link")
    var told: [SystemError] = []
    let found = try Files.paths(below: folder.path) { told.append($0) }
    #expect(found == ["B", "a/1", "a/b/10", "a/b/2", "link", "z"] && told.isEmpty)
    #expect(try Files.names(in: folder.path) == ["B", "a", "link", "z"])
    #expect(throws: SystemError(path: folder.path + "/z", number: ENOTDIR)) {
      try Files.names(in: folder.path + "/z")
    }
  }

  @Test("rows are added whole")
  func appending() throws {
    let folder = try Folder()
    let path = folder.path + "/rows"
    try Files.append(Array("one\n".utf8), to: path)
    try Files.append(Array("two\n".utf8), to: path)
    #expect(try Files.contents(of: path) == Array("one\ntwo\n".utf8))
    #expect(throws: SystemError(path: folder.path, number: EISDIR)) {
      try Files.append([1], to: folder.path)
    }
  }

  @Test("a file appears whole, with a name of any length, and never through a link")
  func atomicFiles() throws {
    let folder = try Folder()
    let long = folder.path + "/" + String(repeating: "ä", count: 127) + "b"
    try AtomicFile.write("long", to: long)
    #expect(try Files.contents(of: long) == Array("long".utf8))
    // Nothing is there before the end, and nothing is left where it is given up.
    do {
      let file = try AtomicFile(path: folder.path + "/given-up")
      file.write([1, 2, 3])
      #expect(try Files.kind(of: folder.path + "/given-up") == nil)
      #expect(try Files.names(in: folder.path).count == 2)
    }
    #expect(try Files.names(in: folder.path).count == 1)
    // A link in the file's own place is replaced, not followed.
    try AtomicFile.write("kept", to: folder.path + "/target")
    symlink(folder.path + "/target", folder.path + "/link")
    try AtomicFile.write("new", to: folder.path + "/link")
    #expect(try Files.contents(of: folder.path + "/target") == Array("kept".utf8))
    #expect(throws: SystemError(path: folder.path, number: EISDIR)) {
      _ = try AtomicFile(path: folder.path)
    }
    #expect(throws: SystemError(path: "/dev/null", number: EINVAL)) {
      _ = try AtomicFile(path: "/dev/null")
    }
  }

  @Test("what a gone writer of this machine has left is removed, and nothing else")
  func leftovers() throws {
    let folder = try Folder()
    let living = try AtomicFile(path: folder.path + "/living")
    let name = try #require(try Files.names(in: folder.path).first)
    let parts = name.split(separator: "-")
    let names = [
      // The same process number, begun at another time; a number that nobody has.
      "x.tmp-\(parts[1])-\(getpid())-1-a", "x.tmp-\(parts[1])-99999999-5-b",
      // Another machine's; not of this form.
      "x.tmp-elsewhere-99999999-5-c", "x.tmp-\(parts[1])-99999999", "x.tmp-note",
    ]
    for name in names { try AtomicFile.write("", to: folder.path + "/" + name) }
    AtomicFile.removeLeftovers(in: folder.path)
    #expect(Set(try Files.names(in: folder.path)) == Set(names[2...] + [name]))
    try living.finish()
    // The first file that is written into a folder clears it.
    let other = try Folder()
    for name in names { close(creat(other.path + "/" + name, 0o644)) }
    try AtomicFile.write("", to: other.path + "/y")
    #expect(Set(try Files.names(in: other.path)) == Set(names[2...] + ["y"]))
  }

  @Test("a lock is one process's, and is taken again when it is free")
  func locks() throws {
    let folder = try Folder()
    let path = folder.path + "/locks/one.lock"
    let lock = try #require(try FileLock.take(path))
    let second = try FileLock.take(path)
    #expect(second == nil)
    lock.release()
    #expect(!Files.exists(path))
    try #require(try FileLock.take(path)).release()
    symlink("elsewhere", folder.path + "/link.lock")
    #expect(throws: SystemError(path: folder.path + "/link.lock", number: ELOOP)) {
      _ = try FileLock.take(folder.path + "/link.lock")
    }
  }
}

@Suite("Records kept for later")
struct SpooledRecordsTests {
  @Test("come back in their order, from memory and from the file", arguments: [10, 3_000])
  func order(count: Int) throws {
    var records = SpooledRecords()
    for number in 0..<count {
      let record = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: number % 1_000)
      try records.append(record, number: UInt64(number) << 40)
    }
    #expect(records.hasFile == (count == 3_000))
    // They can be read again.
    for _ in 0..<2 {
      var next = 0
      try records.forEach { number, bytes in
        let isRight =
          number == UInt64(next) << 40 && bytes.count == next % 1_000
          && bytes.allSatisfy { $0 == UInt8(truncatingIfNeeded: next) }
        if !isRight { Issue.record("record \(next) came back as another") }
        next += 1
      }
      #expect(next == count)
    }
  }
}

@Suite("Other processes")
struct ProcessesTests {
  @Test("have a process group of their own, which no terminal's interrupt reaches")
  func processGroup() throws {
    let number = try Processes.start("/bin/sleep", ["60"], environment: [:], descriptors: [])
    #expect(getpgid(number) == number && getpgrp() != number)
    Processes.kill(number)
    #expect(Processes.Ending(status: Processes.wait(for: number)) == .signalled(SIGKILL))
  }

  @Test("share memory between two pages that nobody can touch")
  func guardPages() throws {
    let byteCount = 3 * Int(getpagesize()) - 8
    let file = try ScratchFile(byteCount: byteCount)
    defer { file.close() }
    let ends = try PipeEnd.pair()
    defer {
      ends.reads.close()
      ends.writes.close()
    }
    let base = try #require(HostMemory.share(file.descriptor, byteCount))
    // The system reads from there as the process would.
    func isReadable(_ place: UnsafeMutableRawPointer) -> Bool {
      write(ends.writes.descriptor, place, 1) == 1
    }
    #expect(isReadable(base) && isReadable(base + byteCount - 1))
    #expect(!isReadable(base - 1) && errno == EFAULT)
    #expect(!isReadable(base + byteCount + 8) && errno == EFAULT)
    HostMemory.releaseShared(base, byteCount)
    #expect(!isReadable(base) && errno == EFAULT)
  }
}

@Suite("Faults on purpose")
struct PlannedFaultTests {
  @Test(
    "the variable's text says which call fails and how",
    arguments: [
      ("17:ENOSPC", 17, false, PlannedFault.Kind.error(ENOSPC)),
      ("1+:EIO", 1, true, .error(EIO)), ("3:short", 3, false, .short),
    ])
  func reading(text: String, call: UInt64, isLasting: Bool, kind: PlannedFault.Kind) {
    let fault = PlannedFault(text)
    #expect(fault?.call == call && fault?.isLasting == isLasting && fault?.kind == kind)
  }

  @Test(
    "other texts are none",
    arguments: ["", "1", "0:EIO", "+:EIO", "1:EWHAT", "1:EIO:2", "-1:EIO", "1+:EINTR"])
  func refusing(text: String) { #expect(PlannedFault(text) == nil) }
}

@Suite("Texts and paths")
struct TextTests {
  @Test("nothing in a printable text steers a terminal")
  func escaping() {
    #expect(PrintableText.escaped("a\u{1b}[31mb\u{7}\tc\u{9b}") == "a\\x1b[31mb\\x07\tc\\x9b")
    #expect(PrintableText.escaped("line\nline\r") == "line\\x0aline\\x0d")
    #expect(PrintableText.escaped("\u{202e}abc") == "\\x202eabc")
    #expect(PrintableText.escaped("plain ä €") == "plain ä €")
    #expect(
      SystemError(path: "a\u{1b}", number: ENOENT).message == "a\\x1b: No such file or directory")
  }

  @Test(
    "parts of a path",
    arguments: [
      ("a", "", "a"), ("a/b", "a", "b"), ("/a", "/", "a"), ("a/b/", "a", "b"), ("/", "", "/"),
      ("-", "", "-"), ("", "", ""), ("a//b", "a", "b"),
    ])
  func paths(path: String, folder: String, name: String) {
    #expect(PathText.folder(of: path) == folder && PathText.name(of: path) == name)
  }
}

@Suite("The machine")
struct MachineTests {
  @Test("says what it has")
  func figures() {
    #expect(Machine.processorCount >= 1 && Machine.pageBytes.nonzeroBitCount == 1)
    #expect(Machine.peakResidentBytes > 1 << 20)
    #expect(!Machine.hostName.isEmpty)
    #expect(Machine.environment("PATH") != nil && Machine.environment("NO=SUCH") == nil)
  }

  @Test("reserves memory that is zero, and says no instead of stopping")
  func memory() throws {
    let base = try #require(HostMemory.reserve(1 << 30))
    #expect(base.load(fromByteOffset: 1 << 29, as: UInt64.self) == 0)
    base.storeBytes(of: 7, toByteOffset: (1 << 30) - 8, as: UInt64.self)
    HostMemory.release(base, 1 << 30)
    #expect(HostMemory.reserve(.max / 2) == nil)
  }
}
