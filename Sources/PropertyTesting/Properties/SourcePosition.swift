/// A place in source code: where a failure should be shown.
public struct SourcePosition: Sendable, Equatable {
  /// Module and file, as `#fileID` gives them.
  public let fileID: String
  /// The path, as `#filePath` gives it.
  public let filePath: String
  /// The line, from 1.
  public let line: Int
  /// The column, from 1.
  public let column: Int

  /// That place.
  public init(fileID: String, filePath: String, line: Int, column: Int) {
    self.fileID = fileID
    self.filePath = filePath
    self.line = line
    self.column = column
  }
}
