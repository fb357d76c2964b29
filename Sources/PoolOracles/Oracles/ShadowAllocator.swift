import KernelPool

/// An allocator that knows only the contract: sorted intervals of what callers hold.
///
/// It sees calls and answers, never memory, so it shares no mistake with anything that reads the
/// pool. What it can tell: no two allocations share a byte, addresses are aligned as promised, and
/// they lie in the region that was asked for.
struct ShadowAllocator {
  private var starts: [Address] = []
  private var ends: [Address] = []
  private let profile: Profile
  private let regions: [(kind: PoolKind?, start: Address, end: Address)]

  init(_ configuration: PoolConfiguration) {
    profile = configuration.profile
    let page = profile.pageBytes
    func region(_ kind: PoolKind?, _ base: Address, _ pages: UInt64) -> (
      PoolKind?, Address, Address
    ) {
      (kind, base, base &+ pages &* page)
    }
    var regions = [
      region(.paged, profile.pagedBase, configuration.pagedPages),
      region(nil, profile.contiguousBase, configuration.contiguousPages),
    ]
    if profile.hasSessionPool {
      regions.append(region(.session, profile.sessionBase, configuration.sessionPages))
    }
    self.regions =
      regions + configuration.nonPagedRanges.map { region(.nonPaged, $0.base, $0.pages) }
  }

  /// How many allocations are held.
  var count: Int { starts.count }

  /// Takes note of an allocation; returns what is wrong with it.
  mutating func allocated(
    _ address: Address, bytes: UInt64, _ type: PoolType, isContiguous: Bool
  ) -> PoolFailure? {
    let end = address &+ max(bytes, 1)
    let place = position(of: address)
    let overlapsLower = place > 0 && ends[place - 1] > address
    let overlapsUpper = place < starts.count && starts[place] < end
    starts.insert(address, at: place)
    ends.insert(end, at: place)
    if overlapsLower || overlapsUpper || end < address {
      return .oracle(.overlap, "an allocation of \(bytes) bytes shares bytes with a live one")
    }
    let alignment = bytes >= profile.pageBytes ? profile.pageBytes : profile.wordBytes &* 2
    if address & (alignment &- 1) != 0 {
      return .oracle(.alignment, "an allocation of \(bytes) bytes is not on \(alignment) bytes")
    }
    let kind = RequestFacts(type, bytes: bytes, profile).kind
    let wanted: PoolKind = kind == .nonPagedNoExecute ? .nonPaged : kind
    let isInside = regions.contains { region in
      (region.kind == wanted || (isContiguous && region.kind == nil))
        && address >= region.start && end <= region.end
    }
    return isInside ? nil : .oracle(.region, "\(bytes) bytes lie outside of their pool")
  }

  /// Takes note of a free; one of an address that nobody holds changes nothing.
  mutating func freed(_ address: Address) {
    let place = position(of: address)
    guard place < starts.count, starts[place] == address else { return }
    starts.remove(at: place)
    ends.remove(at: place)
  }

  /// The first place whose start is not below an address.
  private func position(of address: Address) -> Int {
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if starts[middle] < address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
