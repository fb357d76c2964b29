/// What a test framework needs to record a failure.
public struct FailureReport: Sendable {
  /// A named text to keep with the test's results.
  public struct Attachment: Sendable, Equatable {
    /// A file name.
    public let name: String
    /// The text.
    public let text: String
  }

  /// What went wrong, with the minimal trace.
  public let message: String
  /// The place of the user's call.
  public let position: SourcePosition
  /// The minimal trace, its certificate, and the statistics of the reduction.
  public let attachments: [Attachment]

  init<C, O>(_ failure: PropertyFailure<C, O>, at position: SourcePosition) {
    message = failure.message
    self.position = position
    var attachments = [Attachment(name: "minimal.trace", text: "\(failure.trace)\n")]
    if let certificate = failure.certificate {
      attachments.append(Attachment(name: "minimal.certificate", text: "\(certificate)"))
    }
    let table = failure.shrinking.statisticsTable
    attachments.append(Attachment(name: "shrinking.txt", text: table + "\n"))
    self.attachments = attachments
  }
}
