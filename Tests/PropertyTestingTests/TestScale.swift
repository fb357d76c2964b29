import Foundation

/// How much is tested: little by default, much with `PROPERTY_TESTING_LONG=1` in the environment.
enum TestScale {
  static let isLong = ProcessInfo.processInfo.environment["PROPERTY_TESTING_LONG"] == "1"

  static func count(_ short: Int, long: Int) -> Int {
    isLong ? long : short
  }
}
