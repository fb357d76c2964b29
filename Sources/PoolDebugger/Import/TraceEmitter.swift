import ContentHash

/// Turns recorded events into lines of the trace language.
///
/// Memory follows the number of live blocks: an address maps to its slot while it lives, and a
/// freed slot's name is given out again. A recording may have lost events: an address given out
/// while it still lives means that its free was lost, and a free of an unknown address that the
/// block is older than the recording; both are counted. A reallocation becomes an allocation
/// followed by a free, since the kernel pool has none.
struct TraceEmitter {
  /// Requests of so many bytes and more are taken for damage.
  static let absurdBytes: UInt64 = 1 << 40

  let options: ImportOptions
  var summary = ImportSummary()
  private var slots: [UInt64: UInt64] = [:]
  private var freeSlots: [UInt64] = []
  private var nextSlot: UInt64 = 0
  private var tags = SiteTags()
  private var line: [UInt8] = []

  init(options: ImportOptions) { self.options = options }

  mutating func write(
    _ event: RecordedEvent, sink: ([UInt8]) throws -> Void
  ) rethrows {
    switch event {
    case .allocation(let key, let bytes, let origin):
      guard key != 0 else { return drop(.failedAllocation) }
      try allocate(key, bytes, origin, sink: sink)
    case .free(let key):
      guard key != 0 else { return drop(.nullFree) }
      guard let slot = slots.removeValue(forKey: key) else { return drop(.allocatedBefore) }
      try free(slot, sink: sink)
    case .reallocation(let old, let key, let bytes, let origin):
      try reallocate(old, key, bytes, origin, sink: sink)
    case .dropped(let reason): drop(reason)
    }
  }

  mutating func drop(_ reason: DropReason) {
    summary.dropped[reason, default: 0] += 1
    if summary.firstDropped[reason] == nil { summary.firstDropped[reason] = summary.lines }
  }

  mutating func finish() -> ImportSummary {
    summary.liveBlocks = slots.count
    summary.sharedTags = tags.sharedTags
    return summary
  }

  private mutating func reallocate(
    _ old: UInt64, _ key: UInt64, _ bytes: UInt64, _ origin: RecordedEvent.Origin,
    sink: ([UInt8]) throws -> Void
  ) rethrows {
    guard key != 0 else {
      // realloc(p, 0) frees; any other null result left the old block alone.
      guard bytes == 0, old != 0 else { return drop(.failedAllocation) }
      return try write(.free(key: old), sink: sink)
    }
    let oldSlot = old == 0 ? nil : slots.removeValue(forKey: old)
    if old != 0, oldSlot == nil { drop(.allocatedBefore) }
    try allocate(key, bytes, origin, sink: sink)
    if let oldSlot { try free(oldSlot, sink: sink) }
  }

  private mutating func allocate(
    _ key: UInt64, _ recordedBytes: UInt64, _ origin: RecordedEvent.Origin,
    sink: ([UInt8]) throws -> Void
  ) rethrows {
    var bytes = recordedBytes
    if case .blockWithHeader(let headerBytes) = options.sizeMeaning {
      bytes = Saturating.difference(bytes, headerBytes)
    }
    guard bytes < Self.absurdBytes else { return drop(.absurdSize) }
    if let lost = slots.removeValue(forKey: key) {
      summary.lostFrees += 1
      try free(lost, sink: sink)
    }
    let tag = try tag(origin, sink: sink)
    let slot = takeSlot()
    slots[key] = slot
    summary.allocations += 1
    summary.peakLiveBlocks = max(summary.peakLiveBlocks, slots.count)
    line.removeAll(keepingCapacity: true)
    line += "alloc s".utf8
    append(slot)
    line.append(0x20)
    line += (origin.pool ?? options.pool).utf8
    line.append(0x20)
    append(bytes)
    line.append(0x20)
    line += TraceTag.text(tag)
    try sink(line)
  }

  private mutating func free(_ slot: UInt64, sink: ([UInt8]) throws -> Void) rethrows {
    summary.frees += 1
    if options.slotNames == .recycled { freeSlots.append(slot) }
    line.removeAll(keepingCapacity: true)
    line += "free s".utf8
    append(slot)
    try sink(line)
  }

  private mutating func takeSlot() -> UInt64 {
    if let slot = freeSlots.popLast() { return slot }
    defer { nextSlot &+= 1 }
    return nextSlot
  }

  private mutating func tag(
    _ origin: RecordedEvent.Origin, sink: ([UInt8]) throws -> Void
  ) rethrows -> ListedTag {
    if let tag = origin.tag { return tag }
    guard let site = origin.site, !site.isEmpty else { return options.tag }
    let (tag, isNew) = tags.tag(site)
    if isNew {
      let printable = site.prefix(256).map { (0x20...0x7E).contains($0) ? $0 : 0x2E }
      try sink(Array("# tag ".utf8) + TraceTag.text(tag) + Array(" is ".utf8) + printable)
    }
    return tag
  }

  private mutating func append(_ value: UInt64) {
    let start = line.count
    var rest = value
    repeat {
      line.append(0x30 + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    line[start...].reverse()
  }
}

/// Turns lifetimes, in the order of their begin, into allocations and frees in the order of time.
///
/// Frees wait in a heap ordered by time until a later allocation or the end releases them, so the
/// memory needed is that of the blocks alive.
struct Lifetimes {
  private struct End {
    var time: UInt64
    var key: UInt64

    func isBefore(_ other: End) -> Bool { (time, key) < (other.time, other.key) }
  }

  private var heap: [End] = []
  private var latest: UInt64 = 0
  private var waiting: RecordedEvent?
  private var nextKey: UInt64 = 1

  /// Adds a lifetime; without an end it lasts. False when it begins before the one before it.
  mutating func add(
    from begin: UInt64, to end: UInt64?, bytes: UInt64, origin: RecordedEvent.Origin
  ) -> Bool {
    let isInOrder = begin >= latest
    latest = max(latest, begin)
    waiting = .allocation(key: nextKey, bytes: bytes, origin: origin)
    if let end { push(End(time: max(end, begin), key: nextKey)) }
    nextKey += 1
    return isInOrder
  }

  /// What happens next: frees up to the time of the waiting allocation, then that allocation.
  mutating func next() -> RecordedEvent? {
    if let first = heap.first, first.time <= latest, !isWaiting(first.key) {
      return .free(key: pop())
    }
    defer { waiting = nil }
    return waiting
  }

  mutating func end() { latest = .max }

  /// A block that lives no time at all must be allocated before it is freed.
  private func isWaiting(_ key: UInt64) -> Bool {
    guard case .allocation(let waitingKey, _, _)? = waiting else { return false }
    return waitingKey == key
  }

  private mutating func push(_ end: End) {
    heap.append(end)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func pop() -> UInt64 {
    let key = heap[0].key
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var first = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].isBefore(heap[first]) { first = child }
      }
      guard first != parent else { return key }
      heap.swapAt(first, parent)
      parent = first
    }
  }
}

/// Makes pool tags from call sites, so that a recording without tags still tells its callers
/// apart: four letters or digits from a hash (FNV-1a) of the site's text. The same site has the
/// same tag in every import.
struct SiteTags {
  /// So many sites are remembered in order to name them and to count clashes.
  static let mostSites = 65_536

  private var siteOfTag: [ListedTag: UInt64] = [:]
  private var clashingSites: Set<UInt64> = []

  /// Sites whose tag another site had before.
  var sharedTags: Int { clashingSites.count }

  private static let letters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  /// The tag of a site and whether it is the first time that the site is seen.
  mutating func tag(_ site: ArraySlice<UInt8>) -> (tag: ListedTag, isNew: Bool) {
    var content = ContentHash()
    content.add(site)
    let hash = content.value
    var rest = hash ^ (hash >> 29)
    var bytes: [UInt8] = []
    for index in 0..<4 {
      let choices: UInt64 = index == 0 ? 52 : 62
      bytes.append(Self.letters[Int(rest % choices)])
      rest /= choices
    }
    let tag = ListedTag(bytes)
    if let known = siteOfTag[tag] {
      if known != hash, clashingSites.count < Self.mostSites { clashingSites.insert(hash) }
      return (tag, false)
    }
    guard siteOfTag.count < Self.mostSites else { return (tag, false) }
    siteOfTag[tag] = hash
    return (tag, true)
  }
}

/// A tag in the trace language: bare when it is letters and digits, else in quotes, with `\xNN` for
/// what cannot stand there as it is.
enum TraceTag {
  static func text(_ tag: ListedTag) -> [UInt8] {
    let bytes = tag.bytes
    if bytes.allSatisfy(isPlain) { return bytes }
    var text: [UInt8] = [0x27]
    for byte in bytes {
      if (0x20...0x7E).contains(byte), byte != 0x27, byte != 0x5C {
        text.append(byte)
      } else {
        text += Array("\\x\(Hexadecimal.text(UInt64(byte), digits: 2))".utf8)
      }
    }
    text.append(0x27)
    return text
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
