import KernelPool
import PropertyTesting

/// The sizes that blocks of one profile can have.
struct BlockSizes: Sendable {
  let unitBytes: UInt64
  let pageBytes: UInt64
  let headerBytes: UInt64
  /// Bytes of the smallest block.
  let smallest: UInt64
  /// Bytes of the largest small block.
  let largest: UInt64

  init(_ profile: Profile) {
    unitBytes = profile.unitBytes
    pageBytes = profile.pageBytes
    headerBytes = UInt64(profile.header.bytes)
    smallest = profile.units(forRequest: 1) * profile.unitBytes
    largest = profile.units(forRequest: profile.largestSmallRequest) * profile.unitBytes
  }

  /// The request that gets a block of so many bytes.
  func request(forBlock bytes: UInt64) -> UInt64 { bytes - headerBytes }
}

/// Blocks of one tag whose number and bytes come out exactly.
struct BlockMix: Sendable, Equatable {
  /// So many allocations of one size.
  struct Part: Sendable, Equatable {
    /// Bytes of a small block, header included, or of a large allocation's pages.
    var bytes: UInt64
    /// How many.
    var count: UInt64
    /// Whole pages instead of a small block.
    var isLarge: Bool
  }

  private(set) var parts: [Part] = []

  private mutating func add(_ bytes: UInt64, _ count: UInt64, isLarge: Bool = false) {
    if count > 0 { parts.append(Part(bytes: bytes, count: count, isLarge: isLarge)) }
  }

  /// `total` as blocks of at most two neighbouring sizes where the mean is that of a small block;
  /// otherwise as large allocations and as few small blocks as make the bytes come out. Nil where
  /// no mixture has these figures.
  init?(_ total: CalibrationTarget.Blocks, _ sizes: BlockSizes) {
    guard total.bytes % sizes.unitBytes == 0 else { return nil }
    if total.count == 0 {
      guard total.bytes == 0 else { return nil }
      return
    }
    let (least, isTooMany) = total.count.multipliedReportingOverflow(by: sizes.smallest)
    guard !isTooMany, total.bytes >= least else { return nil }
    if total.bytes / total.count <= sizes.largest,
      total.bytes <= total.count * sizes.largest
    {
      addNeighbours(total, step: sizes.unitBytes, isLarge: false)
      return
    }
    for small in 0...min(total.count, 8) where addLarge(total, small: small, sizes) { return }
    return nil
  }

  /// `total` with as many blocks of `buffer` bytes as possible, the rest in whole pages if that
  /// comes out, otherwise as any mixture.
  init?(_ total: CalibrationTarget.Blocks, buffer: UInt64, _ sizes: BlockSizes) {
    let most = min(total.count, total.bytes / buffer)
    for isAnyRest in [false, true] {
      for count in stride(from: most, through: 0, by: -1) {
        let rest = CalibrationTarget.Blocks(
          count: total.count - count, bytes: total.bytes - count * buffer)
        let isPages =
          rest.bytes % sizes.pageBytes == 0 && rest.bytes / sizes.pageBytes >= rest.count
          && (rest.count > 0 || rest.bytes == 0)
        guard isPages || isAnyRest, let others = BlockMix(rest, sizes) else { continue }
        add(buffer, count)
        parts += others.parts
        return
      }
    }
    return nil
  }

  /// Two sizes that differ by a step and share the bytes out.
  private mutating func addNeighbours(
    _ total: CalibrationTarget.Blocks, step: UInt64, isLarge: Bool
  ) {
    let lower = total.bytes / total.count / step * step
    let more = (total.bytes - lower * total.count) / step
    add(lower, total.count - more, isLarge: isLarge)
    add(lower + step, more, isLarge: isLarge)
  }

  private mutating func addLarge(
    _ total: CalibrationTarget.Blocks, small: UInt64, _ sizes: BlockSizes
  ) -> Bool {
    let page = sizes.pageBytes
    var smallBytes = total.bytes % page
    while smallBytes < small * sizes.smallest { smallBytes += page }
    guard smallBytes <= small * sizes.largest, smallBytes <= total.bytes,
      small > 0 || smallBytes == 0
    else { return false }
    let large = CalibrationTarget.Blocks(
      count: total.count - small, bytes: total.bytes - smallBytes)
    guard large.bytes / page >= large.count, large.count > 0 || large.bytes == 0 else {
      return false
    }
    if small > 0 {
      addNeighbours(
        CalibrationTarget.Blocks(count: small, bytes: smallBytes), step: sizes.unitBytes,
        isLarge: false)
    }
    if large.count > 0 { addNeighbours(large, step: page, isLarge: true) }
    return true
  }
}

/// The tags that a table does not list: what is left of its totals, shared out among tags that
/// any machine has.
///
/// Where the table lists its largest users, none of these may be larger than the smallest listed
/// one, so that the same command on the replayed pool lists the same tags.
struct Background {
  /// One tag with its blocks.
  struct Share {
    var tag: PoolTag
    var blocks: CalibrationTarget.Blocks
  }

  private static let names: [StaticString] = [
    "Irp", "Io", "NtFs", "Ntfr", "Mdl", "Even", "Thre", "Proc", "Sema", "Vad", "CcSc", "Ntf0",
    "FSim", "CcVa", "Devi", "Driv", "ObNm", "SeTd", "Toke", "Sect", "Port", "LpcM", "Key", "CMVa",
    "TCPc", "TCPt", "AfdC", "AfdE", "NpFr", "ObSq", "SePa", "MmCa", "MmSt", "Ntfn", "IoNm", "Obtb",
  ]

  /// Tags that are free to be used, the familiar ones first, without end.
  private static func tags(_ count: Int, without taken: Set<PoolTag>) -> [PoolTag] {
    var tags = names.map { PoolTag($0) }.filter { !taken.contains($0) }
    var number: UInt32 = 0
    while tags.count < count {
      // `b000`, `b001` ...: the digits follow the letter in memory order.
      let digits = (0..<3).reduce(UInt32(0)) { word, place in
        var rest = number
        for _ in 0..<place { rest /= 10 }
        return word | (0x30 + rest % 10) << UInt32(24 - 8 * place)
      }
      let tag = PoolTag(word: 0x62 | digits)
      if !taken.contains(tag) { tags.append(tag) }
      number += 1
    }
    return Array(tags.prefix(count))
  }

  /// Shares `rest` out among tags of at most `mostBytes` each.
  static func shares(
    of rest: CalibrationTarget.Blocks, mostBytes: UInt64, taken: Set<PoolTag>,
    _ sizes: BlockSizes, _ random: inout Xoshiro256
  ) -> [Share] {
    guard rest.count > 0 else { return [] }
    let wanted = max(16, rest.bytes / max(1, mostBytes) + 2)
    let count = max(1, min(wanted, rest.count, 900))
    let weights = (0..<count).map { _ in 1 + random.draw(below: 8) }
    let isSpread = parts(rest, weights, sizes)
    let parts = isSpread ?? parts(rest, weights.map { _ in 1 }, sizes) ?? [rest]
    let tags = tags(parts.count, without: taken)
    return zip(tags, parts).map { Share(tag: $0, blocks: $1) }
  }

  /// Equal bytes for every tag, numbers by weight; nil where a tag's blocks would have no size
  /// that a small block can have.
  private static func parts(
    _ rest: CalibrationTarget.Blocks, _ weights: [UInt64], _ sizes: BlockSizes
  ) -> [CalibrationTarget.Blocks]? {
    let sum = weights.reduce(0, +)
    let share = rest.bytes / UInt64(weights.count) / sizes.unitBytes * sizes.unitBytes
    var left = rest
    var parts: [CalibrationTarget.Blocks] = []
    for (index, weight) in weights.enumerated() {
      let isLast = index == weights.count - 1
      let part = CalibrationTarget.Blocks(
        count: isLast
          ? left.count : sum.dividingFullWidth(rest.count.multipliedFullWidth(by: weight)).quotient,
        bytes: isLast ? left.bytes : share)
      guard part.count > 0, part.count <= left.count, part.bytes / part.count < sizes.largest,
        part.bytes / part.count > sizes.smallest
      else { return nil }
      left.count -= part.count
      left.bytes -= part.bytes
      parts.append(part)
    }
    return parts
  }
}
