import KernelPool
import PoolTestSupport
import PoolTrace
import PropertyTesting

/// Random operations from a seed: every kind of operation, every kind of value, the extremes often.
struct RandomOperations {
  private var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func next() -> UInt64 { random.next() }

  mutating func below(_ bound: UInt64) -> UInt64 { random.next(below: bound) }

  mutating func coin() -> Bool { below(2) == 0 }

  /// A number of any magnitude.
  mutating func number() -> UInt64 {
    switch below(8) {
    case 0: 0
    case 1: .max
    case 2: 1 << below(64)
    case 3: (1 << below(64)) &- 1
    default: next() >> below(64)
    }
  }

  mutating func slot() -> SlotName {
    if coin() { return SlotName(number()) }
    let alphabet = Array("0123456789abcxyzABCXYZ_-".utf8)
    while true {
      let count = coin() ? below(6) + 1 : below(UInt64(SlotName.maximumCharacters)) + 1
      let bytes = (0..<count).map { _ in alphabet[Int(below(UInt64(alphabet.count)))] }
      if let name = SlotName(bytes: bytes) { return name }
    }
  }

  mutating func tag() -> PoolTag {
    let plain: [PoolTag] = ["MmCm", "Io", "a'b\\", "# x", "'"].map(PoolTag.init)
    return below(3) == 0 ? PoolTag(word: UInt32(truncatingIfNeeded: next())) : plain[Int(below(5))]
  }

  mutating func optionalTag() -> PoolTag? { coin() ? tag() : nil }

  mutating func poolType() -> PoolType {
    let everything: UInt32 = 1 | 2 | 4 | 8 | 16 | 32 | 64 | 512
    return PoolType(rawValue: UInt32(truncatingIfNeeded: next()) & (coin() ? everything : 0x1D))
  }

  mutating func address() -> AddressExpression {
    switch below(6) {
    case 0: .nonPaged(number())
    case 1: .paged(number())
    case 2: .session(number())
    case 3: .absolute(number())
    case 4: .slot(slot(), offset: 0)
    default: .slot(slot(), offset: Int64(bitPattern: number()))
    }
  }

  mutating func bytes() -> [UInt8] {
    (0...below(20)).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  mutating func decimal() -> DecimalNumber {
    while true {
      let significand = Int64(bitPattern: number())
      if let number = DecimalNumber(significand: significand, fractionDigits: Int(below(19))) {
        return number
      }
    }
  }

  mutating func expectation() -> Expectation {
    switch below(13) {
    case 0: .ok(slot())
    case 1: .null(slot())
    case 2: .skipped
    case 3: .bugCheck(code: UInt32(truncatingIfNeeded: number()), first: coin() ? number() : nil)
    case 4: .fault(coin() ? address() : nil)
    case 5: .nonCanonicalFault
    case 6: .hang
    case 7: .raise(status: UInt32(truncatingIfNeeded: number()))
    case 8: .violation(coin() ? "header.previous-size" : "a_b")
    case 9:
      .block(
        slot(), BlockProperty.allCases[Int(below(5))], Comparison.allCases[Int(below(6))], number())
    case 10: .charged(Comparison.allCases[Int(below(6))], bytes: number())
    default:
      .metric(
        coin() ? "tag.Io\\x20x.pages_held" : "held_over_live",
        Comparison.allCases[Int(below(6))], decimal())
    }
  }

  mutating func operation() -> Operation {
    switch below(15) {
    case 0, 1: .alloc(slot(), poolType(), bytes: number(), tag: tag())
    case 2:
      .contiguous(
        slot(), bytes: number(),
        limits: coin()
          ? nil : ContiguousLimits(lowest: number(), highest: number(), boundary: number()))
    case 3, 4: .free(slot(), tag: optionalTag())
    case 5: .freeAt(address(), tag: optionalTag())
    case 6: .write(slot(), offset: Int64(bitPattern: number()), bytes())
    case 7: .writeAt(address(), bytes())
    case 8: .fill(slot())
    case 9: .processor(UInt8(below(64)))
    case 10: .tick(seconds: UInt32(below(86_401)))
    case 11: .interruptLevel(UInt8(below(3)))
    case 12: .dump
    case 13: targetCall().map(Operation.target) ?? .dump
    default: .expect(expectation())
    }
  }

  /// A call of an allocator under test; `target` itself, which stands before all others, is left out.
  mutating func targetCall() -> TargetCall? {
    let words = TargetCall.Word.allCases.filter { $0 != .target }
    let word = words[Int(below(UInt64(words.count)))]
    let kind: [UInt64] = word == .misuse ? [below(4)] : []
    for count in 0...2 {
      let numbers = kind + (0..<count).map { _ in number() }
      for slot in [nil, slot()] {
        if let call = TargetCall(word, slot, numbers) { return call }
      }
    }
    return nil
  }
}

extension PoolTag {
  /// A tag from up to four characters.
  init(_ text: String) {
    var word: UInt32 = 0x2020_2020
    for (position, byte) in text.utf8.enumerated() {
      word ^= UInt32(byte ^ 0x20) << (8 * UInt32(position))
    }
    self.init(word: word)
  }
}
