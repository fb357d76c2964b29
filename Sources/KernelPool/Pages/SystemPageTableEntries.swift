/// Free page-table entries of the nonpaged expansion, counted from its first usable page.
///
/// In the faithful order a request takes the tail of the smallest sufficient cluster; clusters are
/// kept by ascending size (ReactOS `MiReserveSystemPtes`). The other order takes the lowest
/// entries that fit.
struct SystemPageTableEntries {
  /// A range of free entries.
  struct Cluster: Equatable {
    var start: UInt64
    var count: UInt64
  }

  /// Free clusters: by ascending size in the faithful order, by address in the other.
  private(set) var clusters: [Cluster]
  private let order: Expansion

  init(count: UInt64, order: Expansion) {
    self.order = order
    clusters = count == 0 || order == .none ? [] : [Cluster(start: 0, count: count)]
  }

  /// Takes `count` adjacent entries; nil when no cluster has them.
  mutating func reserve(_ count: UInt64) -> UInt64? {
    guard let index = clusters.firstIndex(where: { $0.count >= count }) else { return nil }
    var cluster = clusters.remove(at: index)
    cluster.count -= count
    switch order {
    case .none: return nil
    case .lowestFirst:
      if cluster.count != 0 {
        clusters.insert(Cluster(start: cluster.start + count, count: cluster.count), at: index)
      }
      return cluster.start
    case .smallestCluster:
      if cluster.count != 0 { insertBySize(cluster) }
      return cluster.start + cluster.count
    }
  }

  /// Gives entries back. In the faithful order the whole list is walked, adjacent clusters are
  /// taken in, and the result goes before the first one seen since that is as large.
  mutating func release(_ start: UInt64, _ count: UInt64) {
    var freed = Cluster(start: start, count: count)
    var place: Int?
    var index = 0
    while index < clusters.count {
      let cluster = clusters[index]
      if cluster.start + cluster.count == freed.start || freed.start + freed.count == cluster.start
      {
        freed = Cluster(
          start: min(cluster.start, freed.start), count: cluster.count + freed.count)
        clusters.remove(at: index)
        place = nil
      } else {
        if place == nil, cluster.count >= freed.count { place = index }
        index += 1
      }
    }
    if order == .lowestFirst { place = clusters.firstIndex { $0.start > freed.start } }
    clusters.insert(freed, at: place ?? clusters.count)
  }

  private mutating func insertBySize(_ cluster: Cluster) {
    let place = clusters.firstIndex { $0.count >= cluster.count } ?? clusters.count
    clusters.insert(cluster, at: place)
  }
}
