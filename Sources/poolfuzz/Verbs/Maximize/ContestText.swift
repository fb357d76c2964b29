import Foundation
import FragmentationSearch
import PoolDebugger

/// A report of `bound` or `maximize` for a reader.
enum ContestText {
  /// The lines.
  static func lines(_ report: FragmentationReport) -> [String] {
    [question(report), ""] + bounds(report) + [""] + reached(report) + breaches(report)
      + ["", sentence(report)]
  }

  /// The answer.
  private static func sentence(_ report: FragmentationReport) -> String {
    let geometry = report.geometry
    let live = WhatIfAnswer.size(Int64(report.peakLiveUnits * geometry.unitBytes))
    let most = report.optimumPages ?? report.upperBound.pages
    let held = WhatIfAnswer.size(Int64(most * geometry.pageBytes))
    let can =
      "\(live) of live blocks can hold at most \(DecimalText.grouped(UInt64(most))) "
      + "\(most == 1 ? "page" : "pages") (\(held))"
    let reached = report.optimumPages ?? report.pages
    guard reached < most else { return can + ", and this is reached." }
    let been =
      "\(DecimalText.grouped(UInt64(reached))) \(reached == 1 ? "has" : "have") been reached"
    if report.method == Filling.name {
      return "\(can); no adversary fits these sizes, and by blocks of one size alone \(been)."
    }
    return report.operations == nil && report.pages * 2 < most
      ? "\(can); \(been) without a search, and maximize may find more." : "\(can); \(been)."
  }

  private static func question(_ report: FragmentationReport) -> String {
    let geometry = report.geometry
    let order =
      switch report.rules.remainderOrder {
      case .head: "remainders to the head"
      case .tail: "remainders to the tail"
      case .relaxed: "any choice among equal blocks"
      }
    let exact = report.rules.exactFit == .taken ? "exact fits taken" : "exact fits never taken"
    return "\(report.profile): pages of \(counted(geometry.pageBytes, "byte")), blocks of "
      + "\(geometry.smallestBlockUnits * geometry.unitBytes)..."
      + "\(geometry.largestBlockUnits * geometry.unitBytes), at most "
      + "\(report.peakLiveUnits * geometry.unitBytes) live; \(order), \(exact)"
  }

  private static func bounds(_ report: FragmentationReport) -> [String] {
    var lines = [row("proved upper bounds", "pages", "held/peak", "")]
    for bound in report.bounds {
      let assumes = bound.assumptions.names.joined(separator: ", ")
      let note = bound.covers(report.rules) ? "assumes \(assumes)" : "not for these rules"
      lines.append(row("  " + bound.proof.rawValue, bound.pages, report, note))
    }
    lines.append(
      row("every allocator (Robson)", report.robsonPages, report, "a floor, no ceiling"))
    return lines
  }

  private static func reached(_ report: FragmentationReport) -> [String] {
    var lines: [String] = []
    if let optimum = report.optimumPages, let operations = report.minimalOperations {
      lines.append(row("exact optimum", optimum, report, "in \(counted(operations, "operation"))"))
    } else {
      let how = report.operations.map { counted($0, "operation") } ?? "forecast, not run"
      lines.append(row("reached", report.pages, report, "\(report.method), \(how)"))
    }
    if let kernel = report.kernel {
      lines.append(row("on the kernel model", kernel.pages, report, kernel.failure ?? ""))
    }
    if report.optimumPages == nil, let optimum = report.knownOptimum {
      lines.append(
        row("exact by proof", optimum, report, "the bound '\(report.upperBound.proof.rawValue)'"))
    }
    let percent = String(format: "%.2f %%", report.shareOfBound * 100)
    lines.append(
      "bracket [\(report.optimumPages ?? report.pages), "
        + "\(report.optimumPages ?? report.upperBound.pages)]"
        + ", \(percent) of the bound '\(report.upperBound.proof.rawValue)'")
    if report.objective == .heldOverFinal, let ratio = report.heldOverFinal {
      lines.append(
        String(format: "held/final %.2f: trivial, one smallest block holds a page", ratio))
    }
    if let trace = report.trace { lines.append("trace \(trace)") }
    return lines
  }

  private static func breaches(_ report: FragmentationReport) -> [String] {
    report.breaches.map { "CONTRADICTION: \($0)" }
  }

  private static func row(
    _ name: String, _ pages: Int, _ report: FragmentationReport, _ note: String
  ) -> String {
    let units = Double(max(1, report.peakLiveUnits))
    let ratio = Double(pages) * Double(report.geometry.pageUnits) / units
    return row(name, String(pages), String(format: "%.2f", ratio), note)
  }

  private static func row(
    _ name: String, _ pages: String, _ ratio: String, _ note: String
  ) -> String {
    func left(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    let line = left(name, 32) + right(pages, 12) + right(ratio, 11)
    return note.isEmpty ? line : line + "   " + note
  }
}

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
  func append(_ operation: AbstractOperation) { text?.append(operation) }

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
