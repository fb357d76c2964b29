import typealias KernelPool.Address

/// A value at one place in memory for as long as this object lives.
///
/// Calling a method of a large value that is stored in a changing struct copies the value first; a
/// profile showed that copies of a profile's facts were most of a cheap check. A value behind a
/// pointer is read where it lies.
final class StableStorage<Value> {
  /// Where it lies.
  let place: UnsafePointer<Value>
  private let memory: UnsafeMutablePointer<Value>

  init(_ value: Value) {
    memory = .allocate(capacity: 1)
    memory.initialize(to: value)
    place = UnsafePointer(memory)
  }

  deinit {
    memory.deinitialize(count: 1)
    memory.deallocate()
  }
}

/// A growing array of plain values without reference counts and, in release, without bounds checks.
///
/// The incremental audit touches a few dozen such values for every operation; a profile showed
/// that checks of bounds and of uniqueness were a third of its time. Its indices come from its own
/// cache, never from the pool's memory.
struct FlatArray<Element: BitwiseCopyable>: ~Copyable {
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private var capacity: Int

  /// An empty array: it has no room before the first element comes, for a short trace makes dozens
  /// that stay empty.
  init() {
    capacity = 0
    base = Self.nowhere
  }

  /// A place for no element.
  private static var nowhere: UnsafeMutablePointer<Element> {
    UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment).unsafelyUnwrapped
  }

  /// An array of `count` times the same value.
  init(repeating value: Element, count: Int) {
    capacity = max(count, 16)
    base = .allocate(capacity: capacity)
    base.initialize(repeating: value, count: count)
    self.count = count
  }

  deinit {
    if capacity != 0 { base.deallocate() }
  }

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
    if count == capacity { grow(to: max(capacity * 2, 16)) }
    base[count] = element
    count &+= 1
  }

  /// Makes room for so many elements in all.
  mutating func reserve(_ elements: Int) { if elements > capacity { grow(to: elements) } }

  /// Appends `elements` elements, each made from its place among them.
  @inline(__always) mutating func append(_ elements: Int, _ element: (Int) -> Element) {
    reserve(count &+ elements)
    let first = base + count
    for place in 0..<elements { first[place] = element(place) }
    count &+= elements
  }

  /// Appends room for elements that are stored before they are read.
  mutating func appendUnmade(_ elements: Int) {
    reserve(count &+ elements)
    count &+= elements
  }

  /// Takes the last element off; the array must not be empty.
  @inline(__always) mutating func removeLast() -> Element {
    assert(count > 0)
    count &-= 1
    return base[count]
  }

  /// Takes everything out and keeps the room.
  @inline(__always) mutating func removeAll() { count = 0 }

  @inline(never) private mutating func grow(to elements: Int) {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: elements)
    larger.moveInitialize(from: base, count: count)
    if capacity != 0 { base.deallocate() }
    base = larger
    capacity = elements
  }
}

/// A map from addresses to 32-bit values: open addressing with linear probing.
///
/// Audits look up every block of a pool, so this is a flat table instead of a dictionary. Address
/// 0 marks an empty place; no pool has a block there.
struct AddressIndex {
  /// An address and its value, side by side: one check of bounds and one cache line for both.
  private struct Place {
    var key: Address = 0
    var value: UInt32 = 0
  }

  private(set) var count = 0
  private var places: [Place] = []
  private var mask = 0

  /// An empty index, which has no room yet: a short trace makes dozens that stay empty.
  init() {}

  /// An empty index with room for about `capacity` addresses before it grows.
  init(capacity: Int) {
    var room = 32
    while room < capacity * 2 { room *= 2 }
    places = Array(repeating: Place(), count: room)
    mask = room - 1
  }

  /// The place of `address` among those at `first`, or the empty place where it would go: there must
  /// be room. Never asked of the array, whose checks of bounds showed in a profile of `fuzz`.
  @inline(__always)
  private static func find(_ address: Address, _ first: UnsafePointer<Place>, _ mask: Int) -> Int {
    var place = home(address, mask)
    while first[place].key != address, first[place].key != 0 { place = (place &+ 1) & mask }
    return place
  }

  @inline(__always) private static func home(_ address: Address, _ mask: Int) -> Int {
    // Addresses are multiples of a unit: the high half of a product mixes all their bits.
    Int(truncatingIfNeeded: (address &* 0x9E37_79B9_7F4A_7C15) &>> 32) & mask
  }

  /// The value of `address`, or nil.
  @inline(__always) subscript(address: Address) -> UInt32? {
    guard address != 0, count != 0 else { return nil }
    return places.withUnsafeBufferPointer { buffer in
      guard let first = buffer.baseAddress else { return nil }
      let found = first[Self.find(address, first, mask)]
      return found.key == address ? found.value : nil
    }
  }

  /// Enters or replaces the value of `address`; false where it was there before.
  @discardableResult
  mutating func set(_ address: Address, _ value: UInt32) -> Bool {
    guard address != 0 else { return false }
    return enter(address, value, replacing: true)
  }

  /// Enters the value of an address that is not there; false, and nothing changes, where it is.
  @inline(__always) mutating func insert(_ address: Address, _ value: UInt32) -> Bool {
    enter(address, value, replacing: false)
  }

  @inline(__always)
  private mutating func enter(_ address: Address, _ value: UInt32, replacing: Bool) -> Bool {
    if (count &+ 1) &* 2 > places.count { grow() }
    let mask = mask
    let isNew = places.withUnsafeMutableBufferPointer { buffer in
      guard let first = buffer.baseAddress else { return false }
      let place = Self.find(address, first, mask)
      let isNew = first[place].key == 0
      if isNew || replacing { first[place] = Place(key: address, value: value) }
      return isNew
    }
    if isNew { count &+= 1 }
    return isNew
  }

  /// Takes `address` out and returns its value. Later entries of its probe chain move up, so no
  /// tombstones pile up over a billion operations.
  @discardableResult
  mutating func remove(_ address: Address) -> UInt32? {
    guard address != 0, count != 0 else { return nil }
    let mask = mask
    let value: UInt32? = places.withUnsafeMutableBufferPointer { buffer in
      guard let first = buffer.baseAddress else { return nil }
      var hole = Self.find(address, first, mask)
      guard first[hole].key == address else { return nil }
      let value = first[hole].value
      var next = (hole &+ 1) & mask
      while first[next].key != 0 {
        let start = Self.home(first[next].key, mask)
        if (next &- start) & mask >= (next &- hole) & mask {
          first[hole] = first[next]
          hole = next
        }
        next = (next &+ 1) & mask
      }
      first[hole].key = 0
      return value
    }
    if value != nil { count &-= 1 }
    return value
  }

  /// Takes everything out and keeps the room.
  mutating func removeAll() {
    guard count != 0 else { return }
    for place in places.indices { places[place].key = 0 }
    count = 0
  }

  /// Calls `body` for every address in the order of the table.
  func forEach(_ body: (Address, UInt32) throws -> Void) rethrows {
    if count == 0 { return }
    for place in places where place.key != 0 { try body(place.key, place.value) }
  }

  private mutating func grow() {
    var larger = AddressIndex(capacity: places.count)
    for place in places where place.key != 0 { larger.set(place.key, place.value) }
    self = larger
  }
}
