import KernelPool
import PropertyTesting

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
