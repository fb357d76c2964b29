import Foundation
import PoolReference
import Testing

/// A reference that read the judged pool would agree with its mistakes. So the module's files may
/// import versions and plain values, one declaration at a time, and nothing else.
@Suite("What the reference allocator may know of the model")
struct ReferenceImportsTests {
  private static let allowed: Set<String> = [
    "typealias KernelPool.Address", "struct KernelPool.BugCheck", "enum KernelPool.HaltReason",
    "struct KernelPool.PoolConfiguration", "enum KernelPool.PoolKind",
    "struct KernelPool.PoolTag", "struct KernelPool.PoolType", "struct KernelPool.Profile",
  ]

  /// What the model keeps or computes with.
  private static let modelsOwn = [
    ".units(forRequest:", ".stored(", ".type(stored:", "largestSmallRequest", "bigEntriesPerPage",
    "KernelPool(", "KernelPool.boot", "PoolView", "SimulatedMemory", "KernelVariables", "PageMarks",
    "LookasideList", "PageBitmap", "DescriptorRoot", "@testable", "import PoolTrace",
  ]

  private static func faults(in text: String) -> [String] {
    var faults: [String] = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("import") || line.contains(" import ") && line.contains("@") {
        let imported = line.dropFirst("import ".count)
        if !allowed.contains(String(imported)) { faults.append(String(line)) }
      }
      for name in modelsOwn where line.contains(name) { faults.append(String(line)) }
    }
    return faults
  }

  @Test("no file imports anything but versions and plain values")
  func importsOnlyValues() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/PoolReference")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift") }
    #expect(files.count > 5)
    for name in files {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      #expect(Self.faults(in: text) == [], "\(name)")
    }
  }

  @Test(
    "the check sees what it must not let pass",
    arguments: [
      "import KernelPool", "import struct KernelPool.KernelPool", "@testable import KernelPool",
      "import PoolTrace", "let units = profile.units(forRequest: bytes)",
      "func read(_ view: PoolView) {}", "let limit = profile.largestSmallRequest",
    ])
  func seesForbiddenLines(_ line: String) {
    #expect(!Self.faults(in: "import struct KernelPool.Profile\n" + line).isEmpty)
  }
}

/// The manual's table of what is open is the type's.
@Suite struct OpenReasonArticleTests {
  @Test func everyReasonHasItsRow() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let article = try String(
      contentsOf: folder.appending(
        path: "Sources/PoolReference/PoolReference.docc/PoolReference.md"), encoding: .utf8)
    for reason in OpenReason.allCases {
      #expect(article.contains("\n| `\(reason.rawValue)` | \(reason.explanation) |\n"))
    }
  }
}
