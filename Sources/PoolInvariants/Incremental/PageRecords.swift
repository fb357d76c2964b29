/// Where the blocks of each page of small blocks start, and what they are: four bits for each unit.
///
/// A record is what the last look at a page found. It is enough to take a page's old share out of
/// the books, and to find the block that a changed line belongs to without walking the page.
struct PageRecords: ~Copyable {
  /// The maps of a record, one bit for each unit.
  enum Map: Int {
    /// A block starts here.
    case starts = 0
    /// The block that starts here is in use.
    case inUse = 1
    /// A caller holds it.
    case live = 2
    /// It is charged to the process.
    case charged = 3
  }

  /// The number of each page's record, or -1.
  private var numbers: FlatArray<Int32>
  private var words = FlatArray<UInt64>()
  private var unused = FlatArray<Int32>()
  let mapWords: Int
  private let units: Int
  private var stride: Int { 1 + 4 * mapWords }

  init(pages: Int, unitsPerPage: UInt64) {
    numbers = FlatArray(repeating: -1, count: pages)
    units = Int(unitsPerPage)
    mapWords = (units + 63) / 64
  }

  /// The record of a page, or nil.
  @inline(__always) func number(of page: Int) -> Int? {
    let number = Int(numbers[page])
    return number < 0 ? nil : number
  }

  /// Makes an empty record of a page that has none.
  mutating func make(_ page: Int, descriptor: Int, firstUnit: Int) -> Int {
    let number: Int
    if unused.count > 0 {
      number = Int(unused.removeLast())
    } else {
      number = words.count / stride
      for _ in 0..<stride { words.append(0) }
    }
    let place = words.base + number * stride
    for word in 0..<stride { place[word] = 0 }
    place[0] = UInt64(descriptor) | UInt64(firstUnit) << 16
    numbers[page] = Int32(number)
    return number
  }

  /// Forgets a page.
  mutating func drop(_ page: Int) {
    guard let number = number(of: page) else { return }
    numbers[page] = -1
    unused.append(Int32(number))
  }

  /// Position of the page's descriptor.
  @inline(__always) func descriptor(_ number: Int) -> Int {
    Int(words[number &* stride] & 0xFFFF)
  }

  /// Units before the first block: 0, or where the `Frag` header behind a large allocation lies.
  @inline(__always) func firstUnit(_ number: Int) -> Int {
    Int(words[number &* stride] &>> 16)
  }

  @inline(__always) private func map(_ number: Int, _ map: Map) -> UnsafeMutablePointer<UInt64> {
    words.base + (number &* stride &+ 1 &+ map.rawValue &* mapWords)
  }

  /// One bit of a map.
  @inline(__always) func bit(_ number: Int, _ kind: Map, _ unit: Int) -> Bool {
    map(number, kind)[unit &>> 6] &>> UInt64(unit & 63) & 1 != 0
  }

  @inline(__always) func set(_ number: Int, _ kind: Map, _ unit: Int) {
    map(number, kind)[unit &>> 6] |= 1 &<< UInt64(unit & 63)
  }

  /// Clears the bits of a unit in every map.
  @inline(__always) func clear(_ number: Int, _ unit: Int) {
    let mask = ~(UInt64(1) &<< UInt64(unit & 63))
    let first = map(number, .starts) + (unit &>> 6)
    for index in 0..<4 { first[index &* mapWords] &= mask }
  }

  /// The last block's start at or before a unit, or nil.
  @inline(__always) func start(_ number: Int, atOrBefore unit: Int) -> Int? {
    let starts = map(number, .starts)
    var word = unit &>> 6
    var bits = starts[word] & (UInt64.max &>> UInt64(63 &- (unit & 63)))
    while bits == 0 {
      guard word > 0 else { return nil }
      word &-= 1
      bits = starts[word]
    }
    return word &<< 6 &+ 63 &- bits.leadingZeroBitCount
  }

  /// The next block's start behind a unit, or the page's end.
  @inline(__always) func start(_ number: Int, after unit: Int) -> Int {
    let from = unit &+ 1
    guard from < units else { return units }
    let starts = map(number, .starts)
    var word = from &>> 6
    var bits = starts[word] & (UInt64.max &<< UInt64(from & 63))
    while bits == 0 {
      word &+= 1
      guard word < mapWords else { return units }
      bits = starts[word]
    }
    return word &<< 6 &+ bits.trailingZeroBitCount
  }

  /// True where a block in use starts at a unit from `first` on.
  @inline(__always) func hasInUse(_ number: Int) -> Bool {
    let inUse = map(number, .inUse)
    var any: UInt64 = 0
    for word in 0..<mapWords { any |= inUse[word] }
    return any != 0
  }
}
