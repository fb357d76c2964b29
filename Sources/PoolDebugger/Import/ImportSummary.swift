/// What an import made of a recording.
public struct ImportSummary: Sendable, Hashable {
  /// Lines read.
  public internal(set) var lines = 0
  /// Allocations written.
  public internal(set) var allocations = 0
  /// Frees written.
  public internal(set) var frees = 0
  /// Frees that the recording lost: an address was given out again while still in use.
  public internal(set) var lostFrees = 0
  /// Lifetimes that were not in the order of their begin.
  public internal(set) var outOfOrder = 0
  /// The most blocks that lived at once.
  public internal(set) var peakLiveBlocks = 0
  /// Blocks still alive at the end.
  public internal(set) var liveBlocks = 0
  /// Call sites that share a tag with another one.
  public internal(set) var sharedTags = 0
  /// Lines left out, by reason.
  public internal(set) var dropped: [DropReason: Int] = [:]
  /// The first line left out for each reason, from 1.
  public internal(set) var firstDropped: [DropReason: Int] = [:]

  /// Operations written.
  public var operations: Int { allocations + frees }

  /// The summary as lines of text, in a fixed order.
  public var text: String {
    var lines = [
      "\(self.lines) lines: \(allocations) allocations, \(frees) frees, "
        + "\(peakLiveBlocks) blocks alive at most, \(liveBlocks) at the end"
    ]
    if lostFrees > 0 { lines.append("\(lostFrees) frees were lost and put back") }
    if outOfOrder > 0 { lines.append("\(outOfOrder) lifetimes were out of order") }
    if sharedTags > 0 { lines.append("\(sharedTags) call sites share a tag with another one") }
    for reason in DropReason.allCases {
      guard let count = dropped[reason] else { continue }
      let first = firstDropped[reason].map { ", first on line \($0)" } ?? ""
      lines.append("\(count) left out: \(reason.rawValue)\(first)")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
