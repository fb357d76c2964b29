import Platform
import PropertyTesting
import Testing

/// What a trait or the environment says about a run, in place of what stands in the test; nil leaves
/// it as it is.
public struct PropertyOptions: Sendable, Equatable {
  /// From which everything follows.
  public var seed: Seed?
  /// The number of the first trace.
  public var firstTrace: Int?
  /// How many traces are generated.
  public var traces: Int?
  /// How long they are at most, in operations.
  public var operations: Int?
  /// The folder of failing traces; a relative path starts at the folder of the test's source file.
  public var kept: String?

  /// What the traits around the running test say.
  @TaskLocal static var ofTraits = PropertyOptions()

  /// These, and what they leave open from others.
  func over(_ others: PropertyOptions) -> PropertyOptions {
    PropertyOptions(
      seed: seed ?? others.seed, firstTrace: firstTrace ?? others.firstTrace,
      traces: traces ?? others.traces, operations: operations ?? others.operations,
      kept: kept ?? others.kept)
  }

  /// The settings of a test with these in their place.
  func applied(to settings: PropertySettings) -> PropertySettings {
    var settings = settings
    settings.seed = seed ?? settings.seed
    settings.firstTrace = firstTrace ?? settings.firstTrace
    settings.traceCount = traces ?? settings.traceCount
    settings.operationLimit = operations ?? settings.operationLimit
    return settings
  }

  /// What the environment says: `PROPERTY_SEED` (a number, or a commit identifier), `PROPERTY_FIRST`,
  /// `PROPERTY_TRACES`, `PROPERTY_OPERATIONS` and `PROPERTY_KEPT`.
  static func environment(
    _ variable: (String) -> String? = Machine.environment
  ) throws(PropertyOptionsError) -> PropertyOptions {
    func number(_ name: String, from least: Int) throws(PropertyOptionsError) -> Int? {
      guard let text = variable(name) else { return nil }
      guard let number = Int(text), (least...1 << 40).contains(number) else {
        throw PropertyOptionsError(
          description: "\(name): '\(text)' is no number from \(least) to \(1 << 40)")
      }
      return number
    }
    var options = PropertyOptions()
    if let text = variable("PROPERTY_SEED") {
      do throws(SeedError) { options.seed = try Seed(parsing: text) } catch {
        throw PropertyOptionsError(description: "PROPERTY_SEED: \(error)")
      }
    }
    options.firstTrace = try number("PROPERTY_FIRST", from: 0)
    options.traces = try number("PROPERTY_TRACES", from: 0)
    options.operations = try number("PROPERTY_OPERATIONS", from: 1)
    options.kept = variable("PROPERTY_KEPT").flatMap { $0.isEmpty ? nil : $0 }
    return options
  }
}

/// A variable of the environment that does not say what it should.
struct PropertyOptionsError: Error, CustomStringConvertible {
  let description: String
}

/// Seed, budget and kept traces of the properties in a test or a suite; the environment has the last
/// word.
public struct PropertyTrait: TestTrait, SuiteTrait, TestScoping {
  /// What it says.
  public let options: PropertyOptions

  /// It holds for all tests of a suite.
  public var isRecursive: Bool { true }

  /// Runs a test with the options; those of an inner trait come first.
  public func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await PropertyOptions.$ofTraits.withValue(options.over(PropertyOptions.ofTraits)) {
      try await function()
    }
  }
}

extension Trait where Self == PropertyTrait {
  /// How the properties of a test or a suite are tested; nil leaves it to the test.
  ///
  /// - Parameters:
  ///   - seed: from which everything follows.
  ///   - traces: how many traces are generated.
  ///   - operations: how long they are at most.
  ///   - kept: the folder in which failing traces are kept, to be tried first from then on; a
  ///     relative path starts at the folder of the test's source file.
  public static func properties(
    seed: Seed? = nil, traces: Int? = nil, operations: Int? = nil, kept: String? = nil
  ) -> Self {
    PropertyTrait(
      options: PropertyOptions(seed: seed, traces: traces, operations: operations, kept: kept))
  }
}
