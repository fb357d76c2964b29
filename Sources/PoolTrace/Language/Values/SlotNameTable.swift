/// Gives each slot of a running trace a small index, in memory that is bounded for a fixed number
/// of live slots.
///
/// A replay keeps what it knows of a slot (last address, bytes, pattern) in arrays of its own, by
/// these indexes. A slot is live or retired. A retired slot keeps its index, so that a stale
/// pointer can still be used, until more than `rememberedSlots` others have been retired after it;
/// then it is forgotten, as if its name had never been used, and its index goes to the next new
/// slot. A trace that uses a new name for every allocation therefore runs for ever in constant
/// memory; what it gives up are stale pointers older than a million frees.
///
/// Numbers below 2^20 are looked up in an array, other names by their hash.
public struct SlotNameTable {
  /// What `claim` found.
  public enum Claim: Equatable, Sendable {
    /// The slot was known; what is kept about it is still true.
    case known(Int)
    /// The slot is new; whatever is kept at its index is another one's.
    case new(Int)

    /// The slot's index.
    public var index: Int {
      switch self {
      case .known(let index), .new(let index): index
      }
    }
  }

  /// The number of retired slots that are remembered unless said otherwise.
  public static let defaultRememberedSlots = 1 << 20

  /// One more than the highest index given out.
  public var indexCount: Int { entries.count }
  /// How many slots are live.
  public private(set) var liveCount = 0
  /// How many retired slots are remembered.
  public private(set) var retiredCount = 0

  private struct Entry {
    var name: SlotName
    /// Neighbours in the queue of retired slots, oldest first; `nobody` at its ends.
    var older: Int32 = nobody
    var newer: Int32 = nobody
    var isLive = true
  }

  private static let nobody: Int32 = -1
  private static let directNumbers: UInt64 = 1 << 20

  private let rememberedSlots: Int
  private var entries: [Entry] = []
  private var unused: [Int32] = []
  private var byNumber: [Int32] = []
  private var byName = SlotIndex()
  private var oldest = nobody
  private var newest = nobody

  /// An empty table.
  public init(rememberedSlots: Int = SlotNameTable.defaultRememberedSlots) {
    precondition(rememberedSlots >= 0, "a number of slots")
    self.rememberedSlots = rememberedSlots
  }

  /// The index of a slot, live or retired, or nil where it is unknown or forgotten.
  public func find(_ name: SlotName) -> Int? {
    if let number = name.number, number < SlotNameTable.directNumbers {
      let position = Int(truncatingIfNeeded: number)
      guard position < byNumber.count, byNumber[position] >= 0 else { return nil }
      return Int(byNumber[position])
    }
    return byName.find(SlotIndex.hash(name)) { entries[$0].name == name }
  }

  /// The name of a slot that has an index.
  public func name(at index: Int) -> SlotName { entries[index].name }

  /// Makes a slot live.
  public mutating func claim(_ name: SlotName) -> Claim {
    if let index = find(name) {
      revive(index)
      return .known(index)
    }
    let index: Int
    if let reused = unused.popLast() {
      index = Int(reused)
      entries[index] = Entry(name: name)
    } else {
      index = entries.count
      entries.append(Entry(name: name))
    }
    remember(name, index)
    liveCount += 1
    return .new(index)
  }

  /// Makes a slot live that has an index.
  mutating func revive(_ index: Int) {
    guard !entries[index].isLive else { return }
    leaveQueue(index)
    entries[index].isLive = true
    liveCount += 1
  }

  /// Retires a live slot; does nothing to a retired one. May make the table forget another.
  public mutating func retire(_ index: Int) {
    guard entries[index].isLive else { return }
    entries[index].isLive = false
    liveCount -= 1
    enterQueue(index)
    guard retiredCount > rememberedSlots else { return }
    let forgotten = Int(oldest)
    leaveQueue(forgotten)
    forget(entries[forgotten].name, forgotten)
    unused.append(Int32(forgotten))
  }

  private mutating func remember(_ name: SlotName, _ index: Int) {
    guard let number = name.number, number < SlotNameTable.directNumbers else {
      byName.insert(SlotIndex.hash(name), index)
      return
    }
    let position = Int(truncatingIfNeeded: number)
    if position >= byNumber.count {
      let count = max(position + 1, byNumber.count * 2, 64)
      byNumber += Array(repeating: SlotNameTable.nobody, count: count - byNumber.count)
    }
    byNumber[position] = Int32(index)
  }

  private mutating func forget(_ name: SlotName, _ index: Int) {
    if let number = name.number, number < SlotNameTable.directNumbers {
      byNumber[Int(truncatingIfNeeded: number)] = SlotNameTable.nobody
    } else {
      byName.remove(SlotIndex.hash(name), index)
    }
  }

  private mutating func enterQueue(_ index: Int) {
    entries[index].older = newest
    entries[index].newer = SlotNameTable.nobody
    if newest == SlotNameTable.nobody {
      oldest = Int32(index)
    } else {
      entries[Int(newest)].newer = Int32(index)
    }
    newest = Int32(index)
    retiredCount += 1
  }

  private mutating func leaveQueue(_ index: Int) {
    let (older, newer) = (entries[index].older, entries[index].newer)
    if older == SlotNameTable.nobody {
      oldest = newer
    } else {
      entries[Int(older)].newer = newer
    }
    if newer == SlotNameTable.nobody {
      newest = older
    } else {
      entries[Int(newer)].older = older
    }
    retiredCount -= 1
  }
}
