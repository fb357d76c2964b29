import AllocatorTargets
import Foundation
import PoolTestSupport
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

  private static let page = root.appending(
    path: "Sources/AllocatorTargets/AllocatorTargets.docc/YourAllocator.md")

  private func parts() throws -> [Part] {
    var parts: [Part] = []
    var isOpen = false
    for line in try String(contentsOf: Self.page, encoding: .utf8).split(
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
    let scratch = try Scratch()
    let folder = scratch.url
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "Fuzz"), withDestinationURL: Self.root.appending(path: "Fuzz"))
    let programs = URL(filePath: try Command.product("poolfuzz")).deletingLastPathComponent().path
    let path = programs + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    var output = ""
    var commands = 0
    for part in try parts() {
      switch part.kind {
      case "sh":
        commands += 1
        output = try Command.shell(
          "exec 2>&1\n" + part.text, environment: ["PATH": path], in: folder
        ).output
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
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    for rule in TargetRule.allCases {
      #expect(page.contains("| `\(rule.rawValue)` | \(rule.sentence) | \(rule.source) |"))
    }
    let adapter = try #require(try parts().first { $0.kind.hasSuffix("adapter.c") })
    #expect(adapter.text.split(separator: "\n").count <= 24)
  }
}
