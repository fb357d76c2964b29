/// Why a line is not an operation: what was expected, and where.
struct LineFailure: Error {
  /// Bytes from the start of the line.
  var offset: Int
  /// What should have stood there.
  var expected: String
}
