import KernelPool
import PoolTrace

/// What a change comes to, in three sentences: what it saves, what it costs, and how it works.
struct WhatIfAnswer {
  /// The figures of both.
  let comparison: MetricComparison
  /// What was changed, and why that helps or not: a clause without a full stop.
  let mechanism: String
  /// Bytes of a page.
  let pageBytes: UInt64

  /// The three sentences.
  var sentences: [String] { [saving, cost, way] }

  private var saving: String {
    let (saved, before) = (comparison.pagesSaved, comparison.before.count(.pagesHeld))
    let end =
      if saved > 0 {
        "It saves \(saved) of \(counted(before, "page")) at the end"
          + " (\(size(pages: saved)) of \(size(pages: Int64(clamping: before))))"
      } else if saved == 0 {
        "It saves no page at the end, where \(counted(before, "page")) \(before == 1 ? "is" : "are")"
          + " held either way"
      } else {
        "It saves nothing at the end, where it holds"
          + " \(counted(-saved, "page")) more (\(size(pages: -saved)) beside the"
          + " \(size(pages: Int64(clamping: before))))"
      }
    let peak = comparison.peakPagesSaved
    let peakBefore = comparison.before.count(.peakPagesHeld)
    return switch peak.signum() {
    case 1: "\(end), and \(peak) of \(peakBefore) at the peak."
    case 0: "\(end), and none of \(peakBefore) at the peak."
    default: "\(end), and holds \(-peak) more at the peak, beside \(peakBefore)."
    }
  }

  private var cost: String {
    let (end, peak) = (comparison.bytesWasted, comparison.peakBytesWasted)
    guard end > 0 || peak > 0 else {
      guard end < 0 || peak < 0 else { return "It costs nothing: callers ask for what they did." }
      return "It costs nothing: callers ask for \(Self.size(-end)) less at the end,"
        + " \(Self.size(-peak)) less at the peak."
    }
    func part(_ bytes: Int64, _ place: String) -> String {
      switch bytes.signum() {
      case 1: "\(Self.size(bytes)) more \(place)"
      case 0: "nothing \(place)"
      default: "\(Self.size(-bytes)) less \(place)"
      }
    }
    return "It costs what callers then hold beyond what they asked for:"
      + " \(part(end, "at the end")), \(part(peak, "at the peak"))."
  }

  private var way: String {
    let pinned = [comparison.before, comparison.after].map { $0.count(.pinnedPages) }
    let figures =
      pinned[0] == pinned[1]
      ? "stay at \(pinned[0])" : "go from \(pinned[0]) to \(pinned[1])"
    return "\(mechanism); pages less than a tenth full \(figures)."
  }

  // MARK: Sizes

  private func size(pages: Int64) -> String {
    Self.size(pages &* Int64(clamping: pageBytes))
  }

  /// Bytes as people say them.
  static func size(_ bytes: Int64) -> String {
    let units: [(name: String, bytes: Int64)] = [
      ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]
    guard bytes >= 1 << 10, let unit = units.first(where: { bytes >= $0.bytes }) else {
      return counted(bytes, "byte")
    }
    let tenths = (Double(bytes) / Double(unit.bytes) * 10).rounded()
    let whole = Int64(tenths) / 10
    return tenths.truncatingRemainder(dividingBy: 10) == 0
      ? "\(whole) \(unit.name)" : "\(whole).\(Int64(tenths) % 10) \(unit.name)"
  }
}

extension PoolMetrics {
  /// A count of all pools together; 0 where there is none.
  func count(_ name: MetricName) -> UInt64 {
    guard case .count(let count)? = self[MetricKey(.all, name)] else { return 0 }
    return count
  }
}

extension RequestResize {
  /// What the change does to `count` requests, a clause.
  func mechanism(_ count: Int, _ profile: Profile) -> String {
    let what =
      "\(counted(count, "request")) of \(tag.spelling) for \(counted(from, "byte"))"
      + " \(count == 1 ? "asks" : "ask") for \(to)"
    guard to <= profile.largestSmallRequest else {
      let pages = (to &+ profile.pageBytes &- 1) / profile.pageBytes
      return "\(what), \(pages == 1 ? "a page" : counted(pages, "page")) of"
        + " \(count == 1 ? "its" : "their") own, in which no other block can settle and keep it"
    }
    let page = profile.unitsPerPage
    let blocks = [from, to].map {
      $0 <= profile.largestSmallRequest ? page / max(1, profile.units(forRequest: $0)) : 1
    }
    return blocks[0] == blocks[1]
      ? "\(what), of which as many fit into a page"
      : "\(what), of which \(blocks[1]) fit into a page instead of \(blocks[0])"
  }
}

extension ChangedRequests {
  /// What the changes do, a sentence without its full stop.
  func mechanism(_ profile: Profile, instead other: Profile?) -> String {
    var clauses = resizeEffects.map { $0.resize.mechanism($0.count, other ?? profile) }
    if !lookasideTags.isEmpty {
      let tags = lookasideTags.sorted().map(\.spelling).joined(separator: ", ")
      clauses.append(
        "lookaside lists for \(tags) answered \(counted(parked.hits, "request")) with freed blocks,"
          + " and \(counted(parked.count, "block")) \(parked.count == 1 ? "waits" : "wait") on them"
      )
    }
    if let other {
      clauses.append(
        "\(other.name) has headers of \(counted(other.header.bytes, "byte")) and steps of \(other.unitBytes),"
          + " \(profile.name) headers of \(profile.header.bytes) and steps of \(profile.unitBytes)")
    }
    return clauses.joined(separator: "; ")
  }
}
