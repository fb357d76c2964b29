import typealias KernelPool.Address

/// Double-linked lists as the last look found them: every entry with its links, its list and its
/// place in the order of the list.
///
/// A ring through a head is sound when every neighbour points back and every entry stands behind
/// the one before. The order is what shows a ring that has lost its head: numbers that only grow
/// cannot come round. So it is enough to look at entries whose links changed, and at those they
/// led to before. Those they lead to now need no look of their own: the changed link is held against
/// theirs, and their other side is as it was.
struct ListMirror: ~Copyable {
  /// An entry.
  struct Node: BitwiseCopyable {
    var entry: Address
    var next: Address
    var back: Address
    /// Grows from the head to the end; `unordered` until the entry's neighbours are known.
    var order: Int64
    var list: UInt32
    /// What else is known of it: pages of a free run.
    var value: UInt32
  }

  /// A list's head.
  struct Head: BitwiseCopyable {
    var address: Address
    var next: Address
    var back: Address
  }

  /// The heads of a descriptor's lists.
  struct Group: BitwiseCopyable {
    var base: Address
    var headBytes: UInt64
    var isMade: Bool
  }

  static let unordered = Int64.min

  private var index = AddressIndex()
  private(set) var nodes = FlatArray<Node>()
  private var heads = FlatArray<Head>()
  /// What is known of heads that are not in `heads` yet: of each descriptor, where all of its lists
  /// were empty. Most traces use lists of a few of them.
  private var groups = FlatArray<Group>()
  private var groupShift = 0
  private var unused = FlatArray<UInt32>()
  /// Entries and heads to look at in the end.
  private(set) var queue = FlatArray<Address>()
  private var fresh = FlatArray<UInt32>()

  /// True where entries are found by way of their neighbours: then the new ones are looked at too.
  private let discovers: Bool

  init(discovers: Bool = false) { self.discovers = discovers }

  /// How many entries there are.
  var count: Int { index.count }

  /// Makes room for so many heads.
  mutating func reserveHeads(_ count: Int) { heads.reserve(count) }

  /// Adds a list's head, which has the number of the heads before it.
  mutating func addHead(_ address: Address, next: Address, back: Address) {
    heads.append(Head(address: address, next: next, back: back))
  }

  /// Adds the heads of a descriptor's lists behind those that there are: a machine has a thousand and
  /// more, so that they are not added one by one. Each descriptor has as many, a power of two.
  @inline(__always) mutating func addHeads(_ count: Int, _ head: (Int) -> Head) {
    groupShift = count.trailingZeroBitCount
    groups.append(Group(base: 0, headBytes: 0, isMade: true))
    heads.append(count, head)
  }

  /// The same of lists that are all empty, with heads from an address on: they are made when one of
  /// them is asked for.
  mutating func addEmptyHeads(_ count: Int, at base: Address, headBytes: UInt64) {
    groupShift = count.trailingZeroBitCount
    groups.append(Group(base: base, headBytes: headBytes, isMade: false))
    heads.appendUnmade(count)
  }

  /// Where a list's head stands.
  @inline(__always) mutating func head(_ list: Int) -> UnsafeMutablePointer<Head> {
    if groups.count != 0, !groups.place(list &>> groupShift).pointee.isMade {
      make(list &>> groupShift)
    }
    return heads.place(list)
  }

  @inline(never) private mutating func make(_ number: Int) {
    let group = groups.place(number)
    group.pointee.isMade = true
    var address = group.pointee.base
    for list in number &<< groupShift..<(number &+ 1) &<< groupShift {
      heads[list] = Head(address: address, next: address, back: address)
      address &+= group.pointee.headBytes
    }
  }

  /// The number of an entry, or nil.
  @inline(__always) func number(_ entry: Address) -> Int? { index[entry].map { Int($0) } }

  /// Enters an entry with the links that it has.
  mutating func add(_ entry: Address, list: Int, value: UInt32, next: Address, back: Address) {
    let node = Node(
      entry: entry, next: next, back: back, order: Self.unordered, list: UInt32(list),
      value: value)
    let number: UInt32
    if unused.count > 0 {
      number = unused.removeLast()
      nodes[Int(number)] = node
    } else {
      number = UInt32(nodes.count)
      nodes.append(node)
    }
    index.set(entry, number)
    fresh.append(number)
    queue.append(entry)
    if discovers { look(at: next, back) }
  }

  private mutating func look(at next: Address, _ back: Address) {
    queue.append(next)
    queue.append(back)
  }

  /// True where links changed.
  var hasQueue: Bool { queue.count != 0 }

  /// Takes an entry out; whoever it was linked with is looked at.
  mutating func remove(_ number: Int) {
    let node = nodes.place(number)
    queue.append(node.pointee.next)
    queue.append(node.pointee.back)
    index.remove(node.pointee.entry)
    node.pointee.entry = 0
    unused.append(UInt32(number))
  }

  /// Notes the links that an entry has now.
  @inline(__always) mutating func note(_ number: Int, next: Address, back: Address) {
    let node = nodes.place(number)
    guard node.pointee.next != next || node.pointee.back != back else { return }
    queue.append(node.pointee.entry)
    if node.pointee.next != next { queue.append(node.pointee.next) }
    if node.pointee.back != back { queue.append(node.pointee.back) }
    if discovers { look(at: next, back) }
    // An entry between two others than before may have moved to the other end.
    if node.pointee.next != next, node.pointee.back != back {
      node.pointee.order = Self.unordered
      fresh.append(UInt32(number))
    }
    node.pointee.next = next
    node.pointee.back = back
  }

  /// Notes the links that a head has now.
  @inline(__always) mutating func note(head list: Int, next: Address, back: Address) {
    let head = head(list)
    guard head.pointee.next != next || head.pointee.back != back else { return }
    queue.append(head.pointee.address)
    if head.pointee.next != next { queue.append(head.pointee.next) }
    if head.pointee.back != back { queue.append(head.pointee.back) }
    if discovers { look(at: next, back) }
    head.pointee.next = next
    head.pointee.back = back
  }

  /// Has an entry or head looked at in the end, whatever its links.
  @inline(__always) mutating func look(at address: Address) { queue.append(address) }

  /// Sets what else is known of an entry.
  func set(value: UInt32, of number: Int) { nodes.place(number).pointee.value = value }

  /// Looks at everything whose links changed; false where a list is not sound.
  mutating func settle(_ listOfHead: (Address) -> Int?) -> Bool {
    guard queue.count > 0 else { return true }
    let isOrdered = order()
    var isSound = isOrdered
    for place in 0..<queue.count where isSound {
      let address = queue[place]
      if let number = number(address) {
        isSound = isLinked(nodes.place(number))
      } else if let list = listOfHead(address) {
        isSound = isLinked(head: list)
      }
    }
    queue.removeAll()
    fresh.removeAll()
    return isSound
  }

  // These two change nothing, and are `mutating` all the same: else each call copies the whole mirror.

  private mutating func isLinked(_ place: UnsafeMutablePointer<Node>) -> Bool {
    let entry = place.pointee.entry
    let list = place.pointee.list
    let head = head(Int(list))
    if place.pointee.next == head.pointee.address {
      guard head.pointee.back == entry else { return false }
    } else {
      guard let next = number(place.pointee.next) else { return false }
      let other = nodes.place(next)
      guard other.pointee.list == list, other.pointee.back == entry,
        place.pointee.order < other.pointee.order
      else { return false }
    }
    if place.pointee.back == head.pointee.address { return head.pointee.next == entry }
    guard let back = number(place.pointee.back) else { return false }
    let other = nodes.place(back)
    return other.pointee.list == list && other.pointee.next == entry
      && other.pointee.order < place.pointee.order
  }

  private mutating func isLinked(head list: Int) -> Bool {
    let head = head(list)
    let address = head.pointee.address
    if head.pointee.next == address || head.pointee.back == address {
      return head.pointee.next == head.pointee.back
    }
    guard let first = number(head.pointee.next), let last = number(head.pointee.back)
    else { return false }
    let firstNode = nodes.place(first)
    let lastNode = nodes.place(last)
    return firstNode.pointee.list == UInt32(list) && firstNode.pointee.back == address
      && lastNode.pointee.list == UInt32(list) && lastNode.pointee.next == address
  }

  /// Gives new entries their places; false where neighbours do not tell them. Kernels insert at
  /// either end only, so there is always room.
  private mutating func order() -> Bool {
    var left = true
    while left {
      var hasProgressed = false
      left = false
      for place in 0..<fresh.count {
        let number = Int(fresh[place])
        let node = nodes.place(number)
        // Ordered already, or taken out again in the same operation.
        guard node.pointee.entry != 0, node.pointee.order == Self.unordered else { continue }
        guard let order = order(of: node) else {
          left = true
          continue
        }
        nodes.place(number).pointee.order = order
        hasProgressed = true
      }
      if left, !hasProgressed { return false }
    }
    return true
  }

  /// The place of an entry by its neighbours; nil where these have none yet.
  private mutating func order(of node: UnsafeMutablePointer<Node>) -> Int64? {
    let head = head(Int(node.pointee.list)).pointee.address
    if node.pointee.back != head, let back = knownOrder(node.pointee.back) { return back &+ 1 }
    if node.pointee.next == head { return 0 }
    return knownOrder(node.pointee.next).map { $0 &- 1 }
  }

  private func knownOrder(_ entry: Address) -> Int64? {
    guard let number = number(entry) else { return nil }
    let order = nodes.place(number).pointee.order
    return order == Self.unordered ? nil : order
  }

  /// Numbers the entries of every list anew, for a cache that was just made; false where a list does
  /// not end or entries are on none.
  mutating func renumber() -> Bool {
    var found = 0
    var next = 0
    while next < heads.count {
      // Lists whose heads are not made are empty.
      if groups.count != 0, !groups.place(next &>> groupShift).pointee.isMade {
        next = (next &>> groupShift &+ 1) &<< groupShift
        continue
      }
      let head = heads.place(next)
      next &+= 1
      var entry = head.pointee.next
      while entry != head.pointee.address {
        guard found < count, let number = number(entry) else { return false }
        nodes.place(number).pointee.order = Int64(found)
        found += 1
        entry = nodes[number].next
      }
    }
    queue.removeAll()
    fresh.removeAll()
    return found == count
  }
}
