import AllocatorTargets
import PoolTestSupport

extension TargetTester {
  /// A tester of a library of the package, or of the system.
  static func of(
    _ library: String, option: String = "", timeoutSeconds: Double = 20
  ) throws -> TargetTester {
    let isOurs = library.hasPrefix("target-")
    let path = isOurs ? try Command.product("lib\(library).so") : library
    var settings = TargetSettings(library: path)
    settings.option = option
    settings.timeoutSeconds = timeoutSeconds
    settings.restSeconds = 0.01
    return try TargetTester(settings, executable: try Command.product("poolfuzz"))
  }
}
