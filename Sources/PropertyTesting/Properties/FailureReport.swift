/// What a test framework needs to record a failure.
public struct FailureReport: Sendable {
  /// What went wrong, with the minimal trace.
  public let message: String
  /// The place of the user's call.
  public let position: SourcePosition
  /// The minimal trace, its certificate, and the statistics of the reduction.
  public let attachments: [AttachedText]

  init<C, O>(_ failure: PropertyFailure<C, O>, at position: SourcePosition) {
    message = failure.message
    self.position = position
    var attachments = [AttachedText(name: "minimal.trace", text: "\(failure.trace)\n")]
    if let certificate = failure.certificate {
      attachments.append(AttachedText(name: "minimal.certificate", text: "\(certificate)"))
    }
    let table = failure.shrinking.statisticsTable
    attachments.append(AttachedText(name: "shrinking.txt", text: table + "\n"))
    self.attachments = attachments
  }
}
