import KernelPool
import PoolWalk

/// The names of the metrics, which scripts rely on, in the order of print.
///
/// A name alone is of all pools together; `nonpaged.`, `paged.` and `session.` before it are of one
/// pool, `tag.XXXX.` of one tag. Blocks count with header and rounding unless requested bytes are
/// meant.
///
/// Held are small-block pages and the pages of large allocations. Free runs of pages, pages kept on
/// single-page lists, the kernel's tables and what the kernel allocated for itself at start are
/// not, nor is contiguous memory beside the pool.
public enum MetricName: String, Sendable, CaseIterable {
  /// Pages held now, by the descriptors' own counters. Of a tag: pages with a live block of it.
  case pagesHeld = "pages_held"
  /// Bytes of the pages held.
  case bytesHeld = "bytes_held"
  /// Allocations that their callers have not freed.
  case liveBlocks = "live_blocks"
  /// Bytes that these take: whole pages for large ones, up to the `Frag` block where there is one.
  case liveBlockBytes = "live_block_bytes"
  /// Bytes that their callers asked for.
  case liveRequestedBytes = "live_requested_bytes"
  /// The most pages held after any operation.
  case peakPagesHeld = "peak_pages_held"
  /// The most live block bytes after any operation.
  case peakLiveBlockBytes = "peak_live_block_bytes"
  /// The most live requested bytes after any operation.
  case peakLiveRequestedBytes = "peak_live_requested_bytes"
  /// Bytes held over live block bytes; 0 where nothing is live.
  case heldOverLive = "held_over_live"
  /// Bytes held now over the peak of live block bytes; 0 where nothing ever was live.
  case heldOverPeak = "held_over_peak"
  /// Bytes of free blocks inside of pages, those too small for a list included.
  case freeBytes = "free_bytes"
  /// Bytes of the largest free block.
  case largestFreeBlockBytes = "largest_free_block_bytes"
  /// One less the largest free block's share of the free bytes; 0 where nothing is free.
  case externalFragmentation = "external_fragmentation"
  /// Live block bytes less live requested bytes.
  case internalWasteBytes = "internal_waste_bytes"
  /// Small-block pages of which live blocks take less than a tenth. Of a tag: those of them that
  /// hold a live block of it.
  case pinnedPages = "pinned_pages"
  /// The least pages that could hold what is live: `PackingBound` of the blocks on small-block
  /// pages, one pool at a time, and the pages of large allocations.
  case packedPages = "packed_pages"
  /// Pages of large allocations, part of the pages held.
  case bigPages = "big_pages"
  /// Bytes of freed blocks parked on lookaside lists: neither live nor free.
  case lookasideBytes = "lookaside_bytes"
  /// Bytes of freed blocks that wait for the next batch of deferred frees: neither live nor free.
  case deferredBytes = "deferred_bytes"
  /// Johnstone and Wilson's first ratio: the average of held over live bytes over all operations;
  /// of one pool, over the operations on it. States with nothing live do not count.
  case averageHeldOverLive = "average_held_over_live"
  /// Their second: held over live bytes when live first was at its highest.
  case heldOverLiveAtPeakLive = "held_over_live_at_peak_live"
  /// Their third: held over live bytes when held first was at its highest.
  case heldOverLiveAtPeakHeld = "held_over_live_at_peak_held"
  /// Their fourth, which searches make large: the most bytes held over the most live.
  case peakHeldOverPeakLive = "peak_held_over_peak_live"
  /// Bytes held less live block bytes: what `!vm` shows and `!poolused` does not.
  case gapBytes = "gap_bytes"
  /// Linux's fragmentation index for one request, of half a page where no size is named: -1 where
  /// a free block serves it, otherwise towards 0 for too little and towards 1 for shattered memory.
  case fragmentationIndex = "fragmentation_index"
  /// The share of free bytes in blocks that do not serve that request; 0 where nothing is free.
  case unusableFreeSpace = "unusable_free_space"
  /// Live blocks on small-block pages over those pages: how many frees give one back on average.
  case pinsPerPage = "pins_per_page"
  /// Small-block pages that hold no live block, only freed ones that wait on lookaside lists or for
  /// the next batch of deferred frees: held by the lists' habit and not by a caller.
  case parkedPages = "parked_pages"
  /// Bytes held over the bytes of live blocks and of those that wait; 0 where there are none.
  case heldOverLiveAndParked = "held_over_live_and_parked"

  /// True where the metric makes sense for one tag: free space has no tag, and held pages have no
  /// peak by tag.
  public var isOfTags: Bool {
    switch self {
    case .peakPagesHeld, .freeBytes, .largestFreeBlockBytes, .externalFragmentation, .heldOverPeak,
      .averageHeldOverLive, .heldOverLiveAtPeakLive, .heldOverLiveAtPeakHeld, .peakHeldOverPeakLive,
      .gapBytes, .fragmentationIndex, .unusableFreeSpace, .pinsPerPage, .parkedPages,
      .heldOverLiveAndParked:
      false
    default: true
    }
  }

  /// The value of the metric where there is nothing to measure.
  var zero: MetricValue {
    switch self {
    case .heldOverLive, .heldOverPeak, .externalFragmentation, .averageHeldOverLive,
      .heldOverLiveAtPeakLive, .heldOverLiveAtPeakHeld, .peakHeldOverPeakLive,
      .fragmentationIndex, .unusableFreeSpace, .pinsPerPage, .heldOverLiveAndParked:
      .ratio(0)
    default: .count(0)
    }
  }
}

/// A metric of a scope, as `expect` lines and JSON name it: `pages_held`, `nonpaged.free_bytes`,
/// `tag.MmCm.pinned_pages`.
public struct MetricKey: Hashable, Sendable {
  /// What it is of.
  public let scope: MetricScope
  /// Which metric.
  public let name: MetricName

  /// A key of its parts.
  public init(_ scope: MetricScope, _ name: MetricName) {
    self.scope = scope
    self.name = name
  }

  /// `; did you mean 'pages_held'?` for a metric that there is none of, or nothing where none is near.
  public static func suggestion(for text: String) -> String {
    let parts = text.split(separator: ".").map(String.init)
    guard let first = parts.first, let last = parts.last else { return "" }
    guard MetricName(rawValue: last) != nil else {
      return Suggestion.text(for: last, among: MetricName.allCases.map(\.rawValue))
    }
    return Suggestion.text(for: first, among: PoolFamily.allCases.map(\.rawValue))
  }

  /// The key that `text` writes; nil where there is no such metric, or none of a tag.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let last = parts.last, let name = MetricName(rawValue: String(last)) else { return nil }
    switch parts.count {
    case 1:
      self.init(.all, name)
    case 2:
      guard let family = PoolFamily(rawValue: String(parts[0])) else { return nil }
      self.init(.pool(family), name)
    case 3:
      guard parts[0] == "tag", name.isOfTags, let tag = MetricScope.unescaped(parts[1])
      else { return nil }
      self.init(.tag(tag.unprotected), name)
    default:
      return nil
    }
  }

  /// The key as text; `MetricKey(text)` reads it back.
  public var text: String { scope.prefix + name.rawValue }
}

/// What a metric is of: everything, one pool or one tag.
public enum MetricScope: Hashable, Sendable {
  /// All pools together.
  case all
  /// One pool.
  case pool(PoolFamily)
  /// One tag, in whatever pool.
  case tag(PoolTag)

  /// The text before a metric's name, its dot included.
  public var prefix: String {
    switch self {
    case .all: ""
    case .pool(let family): family.rawValue + "."
    case .tag(let tag): "tag.\(Self.escaped(tag))."
    }
  }

  /// The scope as one word: nothing for everything, a pool's name, or a tag with its odd bytes as
  /// `\xNN`.
  public var name: String {
    switch self {
    case .all: ""
    case .pool(let family): family.rawValue
    case .tag(let tag): Self.escaped(tag)
    }
  }

  /// Letters and digits as they are, other bytes as `\xNN`, trailing blanks dropped. A tag of blanks
  /// alone keeps its first, so that no name is empty.
  static func escaped(_ tag: PoolTag) -> String {
    let bytes = tag.unprotected.bytes
    var kept = [bytes.0, bytes.1, bytes.2, bytes.3]
    while kept.count > 1, kept.last == 0x20 { kept.removeLast() }
    return kept.map { byte in
      isPlain(byte)
        ? String(UnicodeScalar(byte))
        : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }

  /// The tag that `text` writes, or nil where it writes none.
  static func unescaped(_ text: Substring) -> PoolTag? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      if isPlain(byte) {
        bytes.append(byte)
        rest.removeFirst()
      } else {
        guard rest.starts(with: "\\x".utf8), rest.count >= 4 else { return nil }
        let digits = rest.dropFirst(2).prefix(2)
        guard digits.allSatisfy(isHexadecimal),
          let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
        else { return nil }
        bytes.append(value)
        rest.removeFirst(4)
      }
      guard bytes.count <= 4 else { return nil }
    }
    guard !bytes.isEmpty else { return nil }
    while bytes.count < 4 { bytes.append(0x20) }
    return PoolTag(
      word: bytes.enumerated().reduce(0) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) })
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }
}

/// The value of a metric: a count or a ratio.
public enum MetricValue: Sendable, Equatable {
  /// Pages, blocks or bytes.
  case count(UInt64)
  /// A ratio or an index, never infinite.
  case ratio(Double)

  /// The value for comparisons; counts above 2^53 are rounded.
  public var number: Double {
    switch self {
    case .count(let count): Double(count)
    case .ratio(let ratio): ratio
    }
  }

  /// The value as a decimal number, which is a JSON number as well; ratios have four decimals,
  /// rounded to the nearest.
  public var text: String {
    switch self {
    case .count(let count): return String(count)
    case .ratio(let ratio):
      guard ratio >= 0 else { return "-" + MetricValue.ratio(-ratio).text }
      // Above 2^50 there are no four decimals to print, and the product could not be converted.
      guard ratio < 0x1p50 else { return String(UInt64(min(ratio, 0x1p63))) + ".0000" }
      let scaled = UInt64(ratio * 10_000 + 0.5)
      let decimals = String(scaled % 10_000)
      return "\(scaled / 10_000)." + String(repeating: "0", count: 4 - decimals.count) + decimals
    }
  }
}
