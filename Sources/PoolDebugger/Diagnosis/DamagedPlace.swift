/// What the evidence says is damaged or wrong. One place is a certain claim; two are "either of
/// these"; none is silence.
public struct DamagedPlace: Sendable, Hashable {
  /// What lies there; the raw value is its name in JSON.
  public enum Kind: String, Sendable, Hashable {
    /// A block's header.
    case header
    /// The links of a free block.
    case links
    /// The links of another entry of the same list, whose address the evidence does not tell.
    case neighbouringLinks = "neighbouring-links"
    /// Nothing in memory: the call is wrong.
    case call
    /// The bytes behind a large allocation.
    case endOfLargeAllocation = "end-of-large-allocation"
    /// Bytes near a block.
    case bytes
  }

  /// What lies there.
  public var kind: Kind
  /// Where; nil where the evidence does not tell.
  public var address: UInt64?

  /// A place.
  public init(_ kind: Kind, _ address: UInt64? = nil) {
    self.kind = kind
    self.address = address
  }

  func words(_ width: PointerWidth?) -> String {
    let place = address.map { Hexadecimal.address($0, width) } ?? "?"
    switch kind {
    case .header: return "the header at \(place)"
    case .links: return "the links at \(place)"
    case .neighbouringLinks: return "another entry's links in the same list"
    case .call: return "the call itself"
    case .endOfLargeAllocation: return "the bytes behind the large allocation at \(place)"
    case .bytes: return "bytes near \(place)"
    }
  }

  /// `damaged: either the header at A or the header at B`.
  static func sentence(_ places: [DamagedPlace], _ width: PointerWidth?) -> [String] {
    let words = places.map { $0.words(width) }
    switch words.count {
    case 0: return []
    case 1: return ["damaged or wrong: \(words[0])"]
    default: return ["damaged or wrong: either \(words.joined(separator: " or "))"]
    }
  }
}

extension InspectionReport {
  /// What all findings together say is damaged: what a page and a bug check agree on, else all that
  /// either names.
  public var damaged: [DamagedPlace] {
    var sets = listings.map { $0.findings.flatMap(\.places) }.filter { !$0.isEmpty }
    guard var common = sets.first else { return [] }
    sets.removeFirst()
    for set in sets {
      let agreed = common.filter { set.contains($0) }
      if agreed.isEmpty {
        common += set.filter { !common.contains($0) }
      } else {
        common = agreed
      }
    }
    return common
  }
}
