/// Unpacks deflated bytes (RFC 1951).
struct Inflation {
  private let packed: [UInt8]
  private var position = 0
  private var bits: UInt32 = 0
  private var bitCount = 0
  private var output: [UInt8] = []

  private init(_ packed: some Sequence<UInt8>) { self.packed = Array(packed) }

  /// The unpacked bytes.
  static func bytes(_ packed: some Sequence<UInt8>) throws -> [UInt8] {
    var inflation = Inflation(packed)
    while try !inflation.block() {}
    return inflation.output
  }

  /// Codes by their lengths (Huffman): symbols sorted by code, and how many have each length.
  private struct Codes {
    var counts = [Int](repeating: 0, count: 16)
    var symbols: [Int] = []

    init(_ lengths: some Collection<Int>) {
      for length in lengths where length > 0 { counts[length] += 1 }
      for length in 1..<16 {
        symbols += lengths.enumerated().filter { $0.element == length }.map(\.offset)
      }
    }
  }

  private struct Corrupt: Error {}

  private mutating func number(_ count: Int) throws -> Int {
    while bitCount < count {
      guard position < packed.count else { throw Corrupt() }
      bits |= UInt32(packed[position]) << UInt32(bitCount)
      position += 1
      bitCount += 8
    }
    let value = Int(bits & (1 << UInt32(count) - 1))
    bits >>= UInt32(count)
    bitCount -= count
    return value
  }

  private mutating func symbol(_ codes: Codes) throws -> Int {
    var code = 0
    var first = 0
    var index = 0
    for length in 1..<16 {
      code |= try number(1)
      let count = codes.counts[length]
      if code - count < first { return codes.symbols[index + code - first] }
      index += count
      first = (first + count) << 1
      code <<= 1
    }
    throw Corrupt()
  }

  /// Unpacks one block; true where it was the last.
  private mutating func block() throws -> Bool {
    let isLast = try number(1) == 1
    switch try number(2) {
    case 0:
      (bits, bitCount) = (0, 0)
      guard position + 4 <= packed.count else { throw Corrupt() }
      let count = Int(packed[position]) | Int(packed[position + 1]) << 8
      guard position + 4 + count <= packed.count else { throw Corrupt() }
      output += packed[position + 4..<position + 4 + count]
      position += 4 + count
    case 1:
      let lengths = (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 }
      try unpack(Codes(lengths), Codes([Int](repeating: 5, count: 30)))
    case 2:
      let (literals, distances) = try codes()
      try unpack(literals, distances)
    default: throw Corrupt()
    }
    return isLast
  }

  private mutating func codes() throws -> (Codes, Codes) {
    let literals = try number(5) + 257
    let distances = try number(5) + 1
    let count = try number(4) + 4
    var lengths = [Int](repeating: 0, count: 19)
    let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    for index in order.prefix(count) { lengths[index] = try number(3) }
    let codes = Codes(lengths)
    lengths = []
    while lengths.count < literals + distances {
      let symbol = try symbol(codes)
      switch symbol {
      case 16: lengths += [Int](repeating: lengths.last ?? 0, count: try number(2) + 3)
      case 17: lengths += [Int](repeating: 0, count: try number(3) + 3)
      case 18: lengths += [Int](repeating: 0, count: try number(7) + 11)
      default: lengths.append(symbol)
      }
    }
    return (Codes(lengths[..<literals]), Codes(lengths[literals...].map { $0 }))
  }

  private mutating func unpack(_ literals: Codes, _ distances: Codes) throws {
    while true {
      let literal = try symbol(literals)
      if literal < 256 {
        output.append(UInt8(literal))
        continue
      }
      if literal == 256 { return }
      let length = try Self.lengths.value(literal - 257) { try number($0) }
      let distance = try Self.distances.value(try symbol(distances)) { try number($0) }
      guard distance <= output.count else { throw Corrupt() }
      for _ in 0..<length { output.append(output[output.count - distance]) }
    }
  }

  /// Values that a symbol and some further bits stand for.
  private struct Ranges {
    var starts: [Int]
    var bits: [Int]

    func value(_ symbol: Int, _ number: (Int) throws -> Int) throws -> Int {
      guard symbol < starts.count else { throw Corrupt() }
      return starts[symbol] + (bits[symbol] > 0 ? try number(bits[symbol]) : 0)
    }
  }

  private static let lengths = Ranges(
    starts: [
      3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
      131, 163, 195, 227, 258,
    ], bits: (0..<28).map { max(0, $0 / 4 - 1) } + [0])
  private static let distances = Ranges(
    starts: [
      1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
      2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
    ], bits: (0..<30).map { max(0, $0 / 2 - 1) })
}
