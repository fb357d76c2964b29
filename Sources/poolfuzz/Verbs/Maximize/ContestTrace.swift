import FragmentationSearch

/// A trace of a contest on its way into a file or a pipe, with the expectations that prove it.
final class ContestTrace {
  private let place: any TracePlace
  private var text: TraceText?
  private let unitBytes: Int

  /// Begins the trace; no file is in its place before ``finish(_:)``.
  init(
    _ place: any TracePlace, _ options: ContestOptions, _ contest: KernelContest, comments: [String]
  ) {
    self.place = place
    unitBytes = options.query.geometry.unitBytes
    text = TraceText(
      geometry: options.query.geometry, configuration: contest.configurationText,
      comments: comments, write: place.write)
  }

  /// Adds an operation.
  func append(_ operation: PoolOperation) { text?.append(operation) }

  /// Adds an expectation, written without its first word.
  func expect(_ condition: String) { text?.append(line: "expect " + condition) }

  /// Adds what the report promises and finishes the trace.
  func finish(_ report: FragmentationReport) throws(CommandFailure) {
    let held = report.optimumPages ?? report.pages
    expect("nonpaged.peak_pages_held >= \(held)")
    expect("nonpaged.pages_held >= \(report.finalPages ?? 0)")
    expect("nonpaged.peak_live_block_bytes <= \(report.peakLiveUnits * unitBytes)")
    text.take()?.finish()
    try place.finish()
  }
}
