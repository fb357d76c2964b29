import Foundation
import Testing

/// The page that shows how an allocator is put under test: its files and commands, as they stand.
@Suite struct ManualTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A fenced part of the page: what stands behind the fence, and its lines.
  private struct Part {
    var kind: String
    var text = ""
  }

  private func parts() throws -> [Part] {
    let page = Self.root.appending(
      path: "Sources/AllocatorTargets/AllocatorTargets.docc/YourAllocator.md")
    var parts: [Part] = []
    var isOpen = false
    for line in try String(contentsOf: page, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      if line.hasPrefix("```") {
        if !isOpen { parts.append(Part(kind: String(line.dropFirst(3)))) }
        isOpen.toggle()
      } else if isOpen {
        parts[parts.count - 1].text += line + "\n"
      }
    }
    return parts
  }

  @Test func thePageDoesWhatItSays() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "poolfuzz-manual-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "Fuzz"), withDestinationURL: Self.root.appending(path: "Fuzz"))
    let programs = URL(filePath: try Built.product("poolfuzz")).deletingLastPathComponent().path
    var output = ""
    var commands = 0
    for part in try parts() {
      switch part.kind {
      case "sh":
        commands += 1
        output = try shell(part.text, in: folder, programs: programs)
      case "text":
        let wanted = part.text.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(output.contains(wanted), "after \(commands) blocks of commands:\n\(output)")
      default:
        let name = part.kind.split(separator: " ").last.map(String.init) ?? ""
        try part.text.write(
          to: folder.appending(path: name), atomically: true, encoding: .utf8)
      }
    }
    #expect(commands >= 5)
    let adapter = try #require(try parts().first { $0.kind.hasSuffix("adapter.c") })
    #expect(adapter.text.split(separator: "\n").count <= 22)
  }

  /// Standard output and standard error of a script.
  private func shell(_ script: String, in folder: URL, programs: String) throws -> String {
    let file = folder.appending(path: "output")
    _ = FileManager.default.createFile(atPath: file.path, contents: nil)
    let handle = try FileHandle(forWritingTo: file)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", script]
    process.currentDirectoryURL = folder
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = programs + ":" + (environment["PATH"] ?? "/usr/bin:/bin")
    environment["SWIFT_BACKTRACE"] = "enable=no"
    process.environment = environment
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    process.waitUntilExit()
    return try String(contentsOf: file, encoding: .utf8)
  }
}
