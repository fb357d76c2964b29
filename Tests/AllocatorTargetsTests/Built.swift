import AllocatorTargets
import Foundation
import Testing

/// What the package's build leaves beside the test bundle.
enum Built {
  /// The path of a product; missing, it fails the test instead of skipping it.
  static func product(_ name: String) throws -> String {
    let tests = try #require(Bundle.main.executableURL).resolvingSymlinksInPath()
    var folder = tests.deletingLastPathComponent()
    for _ in 0..<4 {
      let candidate = folder.appendingPathComponent(name).path
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        return candidate
      }
      folder.deleteLastPathComponent()
    }
    throw Missing(name: name)
  }

  struct Missing: Error {
    var name: String
  }

  /// A tester of a library of the package, or of the system.
  static func tester(
    _ library: String, option: String = "", timeoutSeconds: Double = 20
  ) throws -> TargetTester {
    let isOurs = library.hasPrefix("target-")
    var settings = TargetSettings(library: isOurs ? try product("lib\(library).so") : library)
    settings.option = option
    settings.timeoutSeconds = timeoutSeconds
    return try TargetTester(settings, executable: try product("poolfuzz"))
  }
}
