/// A text that is not a certificate.
public struct CertificateError: Error, Equatable, CustomStringConvertible {
  /// The number of the line, from 1.
  public let line: Int
  /// What is wrong with it.
  public let problem: String

  /// The line and the problem.
  public var description: String { "line \(line): \(problem)" }
}
