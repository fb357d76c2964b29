/// A growing array of plain values without reference counts and, in release, without bounds checks.
///
/// The incremental audit touches a few dozen such values for every operation; a profile showed
/// that checks of bounds and of uniqueness were a third of its time. Its indices come from its own
/// books, never from the pool's memory.
struct FlatArray<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private var capacity: Int

  /// An empty array.
  init() {
    capacity = 16
    base = .allocate(capacity: capacity)
  }

  /// An array of `count` times the same value.
  init(repeating value: Element, count: Int) {
    capacity = max(count, 16)
    base = .allocate(capacity: capacity)
    base.initialize(repeating: value, count: count)
    self.count = count
  }

  deinit { base.deallocate() }

  @inline(__always) subscript(index: Int) -> Element {
    get {
      assert(index >= 0 && index < count)
      return base[index]
    }
    nonmutating set {
      assert(index >= 0 && index < count)
      base[index] = newValue
    }
  }

  /// The place of an element, to be changed there; valid until the array grows.
  @inline(__always) func place(_ index: Int) -> UnsafeMutablePointer<Element> {
    assert(index >= 0 && index < count)
    return base + index
  }

  @inline(__always) mutating func append(_ element: Element) {
    if count == capacity { grow() }
    base[count] = element
    count &+= 1
  }

  /// Takes the last element off; the array must not be empty.
  @inline(__always) mutating func removeLast() -> Element {
    assert(count > 0)
    count &-= 1
    return base[count]
  }

  /// Takes everything out and keeps the room.
  @inline(__always) mutating func removeAll() { count = 0 }

  @inline(never) private mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: base, count: count)
    base.deallocate()
    base = larger
    capacity *= 2
  }
}
