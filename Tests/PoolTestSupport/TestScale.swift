import Foundation

/// How much is tested: a sample by default, which a person waits for, everything with
/// `POOLFUZZ_TESTS=all` in the environment, as `.ci/run long` sets it. What a sample leaves out and no
/// other step of `.ci/run` sees is tested there.
public enum TestScale {
  /// Whether everything is tested.
  public static let isWhole = ProcessInfo.processInfo.environment["POOLFUZZ_TESTS"] == "all"

  /// How often something is tried.
  public static func count<Number: BinaryInteger>(_ sample: Number, all: Number) -> Number {
    isWhole ? all : sample
  }

  /// So many of the cases, evenly over all of them, the first included.
  public static func sample<Case>(_ cases: [Case], _ count: Int) -> [Case] {
    guard !isWhole, count > 0, cases.count > count else { return cases }
    return (0..<count).map { cases[$0 * cases.count / count] }
  }
}
