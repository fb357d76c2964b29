import FragmentationSearch

/// A trace of a contest on its way into a file, with the expectations that prove it.
final class ContestTrace {
  private let file: WholeFile
  private var text: TraceText?
  private let unitBytes: Int

  /// Begins the trace; nothing is in the file's place before ``finish(_:)``.
  init(
    _ file: WholeFile, _ options: ContestOptions, _ contest: KernelContest, comments: [String]
  ) {
    self.file = file
    unitBytes = options.query.geometry.unitBytes
    text = TraceText(
      geometry: options.query.geometry, configuration: contest.configurationText,
      comments: comments, write: file.write)
  }

  /// Adds an operation.
  func append(_ operation: PoolOperation) { text?.append(operation) }

  /// Adds what the report promises and puts the file in its place.
  func finish(_ report: FragmentationReport) throws(CommandFailure) {
    let held = report.optimumPages ?? report.pages
    text?.append(line: "expect nonpaged.peak_pages_held >= \(held)")
    text?.append(line: "expect nonpaged.pages_held >= \(report.finalPages ?? 0)")
    text?.append(
      line: "expect nonpaged.peak_live_block_bytes <= \(report.peakLiveUnits * unitBytes)")
    text.take()?.finish()
    try file.finish()
  }
}
