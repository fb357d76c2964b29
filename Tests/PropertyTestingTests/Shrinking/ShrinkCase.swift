import PropertyTesting
import Testing

/// A planted bug and the one trace that each of its failures must shrink to.
struct ShrinkCase<Subject: ToySubject>: Sendable, CustomTestStringConvertible {
  let configuration: Subject.Machine.Configuration
  /// The operations of the normal form, by failure.
  let expected: [String: [String]]
  /// The greatest number of executions that any of the traces may take.
  let executionLimit: Int

  var testDescription: String { "\(Subject.self) \(configuration)" }

  init(
    _ subject: Subject.Type, _ configuration: Subject.Machine.Configuration,
    within executionLimit: Int, _ expected: [String: [String]]
  ) {
    self.configuration = configuration
    self.expected = expected
    self.executionLimit = executionLimit
  }
}
