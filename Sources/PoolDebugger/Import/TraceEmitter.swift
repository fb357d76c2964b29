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
