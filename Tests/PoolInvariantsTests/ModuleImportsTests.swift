import Foundation
import PoolTestSupport
import Testing

/// An audit that called the allocator would agree with its mistakes. So its files, and those of the
/// walker that reads the pool for it, may import layouts, roots and plain values, one declaration at a
/// time, and nothing else of the model.
@Suite("What the audit may know of the model")
struct ModuleImportsTests {
  private static let allowed: Set<String> = [
    "typealias KernelPool.Address", "struct KernelPool.DescriptorRoot",
    "struct KernelPool.HeaderLayout", "struct KernelPool.LookasideList",
    "struct KernelPool.PageBitmap", "struct KernelPool.PageMarks", "enum KernelPool.PoolKind",
    "struct KernelPool.PoolTag", "struct KernelPool.PoolType", "struct KernelPool.PoolView",
    "struct KernelPool.Profile", "struct KernelPool.SinglePageList",
    "struct KernelPool.WriteJournal",
  ]

  /// Members of those declarations that the allocator computes with.
  private static let allocatorsOwn = [
    ".units(forRequest:", "profile.stored(", "profile.type(stored:", "profile.largestSmallRequest",
    "KernelPool(", "KernelPool.boot", "SimulatedMemory", "@testable",
  ]

  /// The files of a module, found beside this one.
  private static func sources(_ module: String) throws -> [(name: String, text: String)] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/\(module)")
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    var sources: [(String, String)] = []
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift" else { continue }
      sources.append((file.lastPathComponent, try String(contentsOf: file, encoding: .utf8)))
    }
    return sources
  }

  /// What is wrong with a file, one line each.
  private static func faults(in text: String) -> [String] {
    var faults: [String] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if let place = words.firstIndex(of: "import"), !line.hasPrefix("//") {
        let imported = words[(place + 1)...].joined(separator: " ")
        let isWalker = words.count == 3 && imported.contains(" PoolWalk.")
        if place != 0 || !(isWalker || allowed.contains(imported)) { faults.append(String(line)) }
      }
      for name in allocatorsOwn where line.contains(name) { faults.append(String(line)) }
    }
    return faults
  }

  @Test(
    "no file imports anything but layouts and views", arguments: ["PoolInvariants", "PoolWalk"])
  func importsOnlyLayouts(_ module: String) throws {
    let sources = try Self.sources(module)
    #expect(sources.count > 5)
    for (name, text) in sources { #expect(Self.faults(in: text) == [], "\(name)") }
  }

  @Test(
    "the check sees what it must not let pass",
    arguments: [
      "import KernelPool", "import struct KernelPool.KernelPool", "@testable import KernelPool",
      "public import struct KernelPool.PoolView", "import PoolTrace", "import PoolWalk",
      "let units = profile.units(forRequest: bytes)", "let word = facts.profile.stored(type)",
    ])
  func seesForbiddenLines(_ line: String) {
    #expect(!Self.faults(in: "import struct KernelPool.PoolView\n" + line).isEmpty)
  }
}
