import ContentHash
import KernelPool

/// A number that changes with any byte, mark, list or counter of a pool: what "unchanged" means.
enum PoolDigest {
  /// The digest; time proportional to the mapped pages.
  static func of(_ view: PoolView) -> UInt64 {
    var digest = ContentHash()
    func add(_ word: UInt64) { digest.add(word) }
    let variables = view.variables
    for base in bases(view) {
      guard let region = view.region(of: base) else { continue }
      let page = view.profile.pageBytes
      for start in stride(from: region.base, to: region.base &+ region.byteCount, by: Int(page)) {
        // The first look at a page may give it its stamp and mark, so the mark is read second.
        let isMapped = view.byte(start) != nil
        add(UInt64(region.marks(at: start)?.rawValue ?? 0))
        // A profile of the fuzzer showed an eighth of its time in looking each word up.
        guard isMapped, let bytes = view.bytes(at: start, count: page) else { continue }
        for offset in stride(from: 0, to: Int(page), by: 8) {
          add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
      }
    }
    for owner in 0..<view.lookasideOwners {
      for kind in PoolKind.allCases {
        for units in 1...view.profile.lookasideClasses {
          let list = view.lookaside(owner: owner, kind: kind, units: units)
          add(list.top)
          add(UInt64(list.count))
        }
      }
    }
    add(variables.bigTableInUse)
    add(variables.expansionUsed)
    add(variables.pagedBitmap.hint)
    add(variables.chargedBytes.nonPaged)
    add(variables.chargedBytes.paged)
    return digest.value
  }

  private static func bases(_ view: PoolView) -> [Address] {
    let profile = view.profile
    var bases = [profile.nonPagedBase, profile.pagedBase, profile.bitmapBase]
    if let expansion = profile.expansionBase { bases.append(expansion) }
    if profile.hasSessionPool { bases.append(profile.sessionBase) }
    return bases + view.descriptors.map(\.address).filter { view.region(of: $0)?.kind == nil }
  }
}
