import KernelPool
import PoolWalk

/// Ranges of addresses for the pools of a machine that did not say them: what a scan and the table of
/// large allocations have found, joined.
struct DumpPlaces {
  /// The ranges, of pools and of the kernel's own data.
  private(set) var ranges: [PoolImage.Range] = []
  /// The profile with the places of its pools.
  private(set) var configuration: PoolConfiguration
  /// The first page and the number of pages of the paged and the session's pool.
  private(set) var bitmaps: [(kind: PoolKind, base: Address, pages: UInt64)] = []
  /// Pages that were found outside of the ranges.
  private(set) var pagesLeftOut: UInt64 = 0

  /// The most pages of one range.
  private let mostPages: UInt64

  private struct Span {
    var first: Address
    var end: Address
    var pages: UInt64
  }

  init(
    _ configuration: PoolConfiguration, _ runs: [PoolScan.Run],
    large: [(address: UInt64, bytes: UInt64)], isPaged: (Address) -> Bool,
    data: [(address: UInt64, bytes: UInt64)], mostPages: UInt64
  ) {
    self.configuration = configuration
    self.mostPages = mostPages
    var spans: [PoolKind: [Span]] = [:]
    for run in runs {
      spans[run.kind, default: []].append(
        Span(first: run.address, end: run.address &+ run.pages << 12, pages: run.pages))
    }
    for entry in large where entry.address <= .max - entry.bytes {
      spans[isPaged(entry.address) ? .paged : .nonPaged, default: []].append(
        Span(first: entry.address, end: entry.address + entry.bytes, pages: entry.bytes >> 12))
    }
    let nonPaged = joined(spans[.nonPaged] ?? [], parts: 2)
    for (index, span) in nonPaged.enumerated() {
      add(.nonPaged, span)
      if index == 0 {
        self.configuration.profile.nonPagedBase = span.first
        self.configuration.profile.expansionBase = nil
      } else {
        self.configuration.profile.expansionBase = span.first
      }
    }
    for kind in [PoolKind.paged, .session] {
      guard let span = joined(spans[kind] ?? [], parts: 1).first else { continue }
      add(kind, span)
      bitmaps.append((kind, span.first, (span.end - span.first) >> 12))
    }
    for (address, bytes) in data where bytes > 0 && address <= .max - bytes - 0x1000 {
      var page = address & ~0xFFF
      while page < address + bytes {
        if !ranges.contains(where: { page >= $0.base && page - $0.base < $0.byteCount }) {
          let end = ((address + bytes + 0xFFF) & ~0xFFF)
          ranges.append(
            PoolImage.Range(base: page, byteCount: end - page, kind: nil, hasFrames: false))
          break
        }
        page += 0x1000
      }
    }
  }

  private mutating func add(_ kind: PoolKind, _ span: Span) {
    ranges.append(
      PoolImage.Range(
        base: span.first, byteCount: span.end - span.first, kind: kind, hasFrames: true))
  }

  /// Spans joined into at most so many, apart at the widest gaps; what would make one too wide to be
  /// walked is left out, the smaller side first.
  private mutating func joined(_ spans: [Span], parts: Int) -> [Span] {
    let sorted = spans.filter { $0.end > $0.first && ($0.end - $0.first) >> 12 <= mostPages }
      .sorted { $0.first < $1.first }
    guard let first = sorted.first else { return [] }
    var clusters = [first]
    for span in sorted.dropFirst() {
      let last = clusters[clusters.count - 1]
      if span.first <= last.end &+ Self.nearBytes,
        (max(last.end, span.end) - last.first) >> 12 <= mostPages
      {
        clusters[clusters.count - 1].end = max(last.end, span.end)
        clusters[clusters.count - 1].pages += span.pages
      } else {
        clusters.append(span)
      }
    }
    while clusters.count > parts {
      // The narrowest gap whose sides fit into one range closes first.
      let gaps = zip(clusters.indices, zip(clusters, clusters.dropFirst()))
        .map {
          (
            index: $0, gap: max($1.1.first, $1.0.end) - $1.0.end,
            width: max($1.1.end, $1.0.end) - $1.0.first
          )
        }
      if let next = gaps.filter({ $0.width >> 12 <= mostPages })
        .min(by: { $0.gap < $1.gap })
      {
        clusters[next.index].end = max(clusters[next.index].end, clusters[next.index + 1].end)
        clusters[next.index].pages += clusters[next.index + 1].pages
        clusters.remove(at: next.index + 1)
      } else if let smallest = clusters.indices.min(by: { clusters[$0].pages < clusters[$1].pages })
      {
        pagesLeftOut += clusters[smallest].pages
        clusters.remove(at: smallest)
      }
    }
    return clusters
  }

  /// Pages nearer than this are of one range without asking.
  private static let nearBytes: UInt64 = 1 << 24
}
