import KernelPool
import PoolDebugger
import PoolTrace

/// One thing that the guidance recommends, for one tag.
struct Recommendation {
  /// What is changed.
  enum Change {
    /// Requests for a little less than a page ask for the whole page.
    case wholePage(from: UInt64, to: UInt64)
    /// Requests just too large for one more in a page ask for a little less.
    case nextSizeClass(from: UInt64, to: UInt64, perPage: UInt64)
    /// Freed blocks wait on lists of the driver's own.
    case lookaside
    /// The tag takes the most that it ever needs once, and serves itself from that.
    case ownAllocation([(type: PoolType, bytes: UInt64)])
  }

  /// The tag.
  let tag: PoolTag
  /// What is changed.
  let change: Change

  /// A word for programs.
  var name: String {
    switch change {
    case .wholePage: "whole-page"
    case .nextSizeClass: "next-size-class"
    case .lookaside: "lookaside"
    case .ownAllocation: "one-allocation"
    }
  }

  /// What it is, for people.
  var text: String {
    switch change {
    case .wholePage(let from, let to):
      "ask for a whole page, \(counted(to, "byte")) instead of \(from)"
    case .nextSizeClass(let from, let to, let perPage):
      "ask for \(counted(to, "byte")) instead of \(from), so that \(perPage) fit into a page"
    case .lookaside: "keep freed blocks on a lookaside list"
    case .ownAllocation(let pools):
      "allocate the buffers once, at start (\(Self.total(pools))), and keep them"
    }
  }

  /// The same with its tag.
  var sentence: String {
    switch change {
    case .wholePage(let from, let to):
      "\(tag.spelling) asks for a whole page, \(counted(to, "byte")) instead of \(from)"
    case .nextSizeClass(let from, let to, let perPage):
      "\(tag.spelling) asks for \(counted(to, "byte")) instead of \(from), so that \(perPage) fit into a page"
    case .lookaside: "\(tag.spelling) keeps its freed blocks on a lookaside list"
    case .ownAllocation(let pools):
      "\(tag.spelling) allocates its buffers once, at start (\(Self.total(pools))), and keeps them"
    }
  }

  /// `19,653,168 bytes`, or of two pools `4,096 nonpaged and 80 paged bytes`.
  private static func total(_ pools: [(type: PoolType, bytes: UInt64)]) -> String {
    let amounts = pools.map {
      DecimalText.grouped($0.bytes)
        + (pools.count == 1 ? "" : $0.type.isPaged ? " paged" : " nonpaged")
    }
    return amounts.joined(separator: " and ") + (pools.map(\.bytes) == [1] ? " byte" : " bytes")
  }

  /// The options of `whatif` that try it alone; nil where none do, or a shell could not be told the
  /// tag.
  var options: String? {
    let letters = tag.spelling.trimmingSuffix(" ")
    guard !letters.isEmpty, letters.allSatisfy({ $0.isLetter || $0.isNumber }) else { return nil }
    return switch change {
    case .wholePage(let from, let to), .nextSizeClass(let from, let to, _):
      "--resize \(letters):\(from)=\(to)"
    case .lookaside: "--lookaside \(letters)"
    case .ownAllocation: nil
    }
  }

  /// The public advice behind it.
  var guidance: Guidance {
    switch change {
    case .wholePage: .wholePages
    case .nextSizeClass: .halfPages
    case .lookaside: .lookaside
    case .ownAllocation: .longLivedBuffers
    }
  }

  /// The changed requests, with what is allocated before the first of them.
  func changes(depth: Int) -> (requests: ChangedRequests, first: [PoolTrace.Operation]) {
    switch change {
    case .wholePage(let from, let to), .nextSizeClass(let from, let to, _):
      let resize = RequestResize(tag: tag, from: from, to: to)
      return (ChangedRequests(resizes: [resize], lookasideTags: [], depth: depth), [])
    case .lookaside:
      return (ChangedRequests(resizes: [], lookasideTags: [tag], depth: depth), [])
    case .ownAllocation(let pools):
      let first = pools.enumerated().compactMap { index, pool in
        SlotName("_own-allocation-\(index)").map {
          PoolTrace.Operation.alloc($0, pool.type, bytes: pool.bytes, tag: tag)
        }
      }
      let requests = ChangedRequests(
        resizes: [], lookasideTags: [], depth: depth, droppedTags: [tag])
      return (requests, first)
    }
  }

  /// Every remedy that could help one tag: for the sizes that churn most, and for the tag as a
  /// whole.
  static func all(
    for tag: PoolTag, _ requests: RequestCensus.Tag, _ profile: Profile
  ) -> [Recommendation] {
    var changes: [Change] = []
    let sizes = requests.sizes.sorted {
      ($0.value.churnedBytes, $0.value.requests, $1.key)
        > ($1.value.churnedBytes, $1.value.requests, $0.key)
    }
    for (bytes, _) in sizes.prefix(mostSizes) {
      let units = profile.units(forRequest: bytes)
      let page = profile.unitsPerPage
      if units > page / 2 { changes.append(.wholePage(from: bytes, to: profile.pageBytes)) }
      if let smaller = smaller(units, profile) {
        changes.append(
          .nextSizeClass(
            from: bytes, to: smaller * profile.unitBytes - UInt64(profile.header.bytes),
            perPage: page / smaller))
      }
    }
    if requests.frees > 0 { changes.append(.lookaside) }
    let pools = requests.live.sorted { !$0.key && $1.key }.filter { $0.value.peak > 0 }
      .map { (type: $0.key ? PoolType.paged : .nonPaged, bytes: $0.value.peak) }
    if !pools.isEmpty { changes.append(.ownAllocation(pools)) }
    return changes.map { Recommendation(tag: tag, change: $0) }
  }

  /// So many sizes of a tag are looked at.
  private static let mostSizes = 2

  /// Units of a block of which one more fits into a page, where that takes an eighth off at most.
  private static func smaller(_ units: UInt64, _ profile: Profile) -> UInt64? {
    let smaller = profile.unitsPerPage / (profile.unitsPerPage / units + 1)
    let isNear = smaller < units && (units - smaller) * 8 <= units
    return isNear && smaller >= profile.smallestBlockUnits ? smaller : nil
  }
}
