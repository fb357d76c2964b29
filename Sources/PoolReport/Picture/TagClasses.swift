import KernelPool

/// Which tag has which colour in a picture: the ten with most bytes have one each.
struct TagClasses {
  private var places: [PoolTag: Int] = [:]

  init(_ state: HistoryState) {
    var bytes: [PoolTag: UInt64] = [:]
    for page in state.pages where page.isSmallBlocks {
      for block in page.blocks where block.state == .allocated {
        bytes[block.tag.unprotected, default: 0] += block.byteCount
      }
    }
    let largest = bytes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(10)
    for (place, entry) in largest.enumerated() { places[entry.key] = place }
  }

  /// The class of a block.
  func name(_ block: PageState.Block) -> String {
    switch block.state {
    case .allocated: places[block.tag.unprotected].map { "tag\($0)" } ?? "other"
    case .partlyAllocated: "other"
    case .free: "free"
    case .lookaside, .deferred: "parked"
    case .orphan: "orphan"
    case .large: "large"
    case .fragment: "fragment"
    case .table: "table"
    case .kept: "kept"
    case .unknown: "unknown"
    }
  }

  /// What the colours of these pages mean.
  func legend(of pages: [PageState]) -> [(name: String, text: String, isTag: Bool)] {
    let present = Set(pages.flatMap { $0.blocks.map(name) })
    var items: [(name: String, text: String, isTag: Bool)] = places.sorted { $0.value < $1.value }
      .filter { present.contains("tag\($0.value)") }
      .map { ("tag\($0.value)", $0.key.characters, true) }
    for (name, text) in [
      ("other", "other tags"), ("free", "free"), ("parked", "parked, freed"),
      ("orphan", "too small"), ("fragment", "Frag"), ("unknown", "chain broken"),
    ] where present.contains(name) {
      items.append((name, text, false))
    }
    return items
  }
}
