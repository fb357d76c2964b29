/// The loops of the compared strategies, over indices of what is kept.
enum DeletionLoops {
  /// ddmin: subsets, complements, then twice as many parts.
  static func deltaDebugging(_ all: [Int], _ fails: ([Int]) -> Bool) -> [Int] {
    var kept = all
    var parts = 2
    while kept.count > 1 {
      let chunks = split(kept, into: parts)
      if let subset = chunks.first(where: { $0.count < kept.count && fails($0) }) {
        kept = subset
        parts = 2
        continue
      }
      let complement = chunks.lazy.map { chunk in
        kept.filter { $0 < chunk[0] || $0 > chunk[chunk.count - 1] }
      }.first { $0.count < kept.count && parts > 2 && fails($0) }
      if let complement {
        kept = complement
        parts = max(parts - 1, 2)
      } else if parts < kept.count {
        parts = min(parts * 2, kept.count)
      } else {
        break
      }
    }
    return kept
  }

  /// Each index once, in the given order.
  static func singlePass(_ all: [Int], _ order: [Int], _ fails: ([Int]) -> Bool) -> [Int] {
    var kept = all
    for index in order {
      let candidate = kept.filter { $0 != index }
      if fails(candidate) { kept = candidate }
    }
    return kept
  }

  /// One run, longest first by halving; from the beginning again after a success.
  static func oneRun(_ all: [Int], _ fails: ([Int]) -> Bool) -> [Int] {
    var kept = all
    var hasShrunk = true
    while hasShrunk {
      hasShrunk = false
      var length = kept.count / 2
      while length > 0, !hasShrunk {
        for start in stride(from: 0, to: kept.count - length + 1, by: length) {
          var candidate = kept
          candidate.removeSubrange(start..<start + length)
          if fails(candidate) {
            kept = candidate
            hasShrunk = true
            break
          }
        }
        length /= 2
      }
    }
    return kept
  }

  /// Blocks of a size that falls by 1 - 1/e each round from 10, each tried once a round.
  static func counterBased(_ all: [Int], _ fails: ([Int]) -> Bool) -> [Int] {
    var kept = all
    var size = 10
    while size > 0 {
      var start = 0
      while start < kept.count {
        var candidate = kept
        candidate.removeSubrange(start..<min(start + size, kept.count))
        if fails(candidate) { kept = candidate } else { start += size }
      }
      size = size == 1 ? 0 : size * 632 / 1000
    }
    return kept
  }

  private static func split(_ kept: [Int], into parts: Int) -> [[Int]] {
    var chunks: [[Int]] = []
    var start = 0
    for part in 0..<parts {
      let end = start + (kept.count - start) / (parts - part)
      if end > start { chunks.append(Array(kept[start..<end])) }
      start = end
    }
    return chunks
  }
}
