import KernelPool
import PoolTrace
import PropertyTesting

// The numbers of an operation. Every number can be replaced by itself; a replacement that would be
// no operation of the same kind (a store of no bytes, a processor beyond the last) is refused.

extension PoolOperation {
  /// The tag towards which tags are shrunk.
  static let plainTag = PoolTag("Test")

  /// The bits of pool types of which it is published what they come to. A reduction keeps to them.
  static let judgedTypes: PoolType = [
    .paged, .mustSucceed, .cacheAligned, .quota, .raiseOnFailure, .session, .noExecute,
  ]

  /// The numbers, by kind, in an order of falling importance.
  public var parameters: [Parameter] {
    switch operation {
    case .alloc(_, let type, let bytes, let tag):
      return [
        Self.size(bytes), Self.number(.type, UInt64(type.rawValue)),
        Self.number(.tag, UInt64(tag.word), origin: UInt64(Self.plainTag.word)),
      ]
    case .contiguous(_, let bytes, let limits):
      let limits = limits ?? .none
      return [
        Self.size(bytes), Self.number(.other, limits.lowest),
        Self.number(.other, limits.highest, origin: .max), Self.number(.other, limits.boundary),
      ]
    case .free(_, let tag): return [Self.number(.tag, UInt64(tag?.word ?? 0))]
    case .fill: return []
    case .write(_, let offset, let bytes):
      return [Self.number(.offset, Self.zigzag(offset))] + Self.payload(bytes)
    case .freeAt(let address, let tag):
      return Self.place(address) + [Self.number(.tag, UInt64(tag?.word ?? 0))]
    case .writeAt(let address, let bytes): return Self.place(address) + Self.payload(bytes)
    case .processor(let number): return [Self.number(.other, UInt64(number))]
    case .tick(let seconds): return [Self.number(.other, UInt64(seconds), origin: 1)]
    case .interruptLevel(let level): return [Self.number(.other, UInt64(level))]
    case .config, .dump, .expect, .target: return []
    }
  }

  /// The same operation with one number replaced; nil where that is no operation of the kind.
  public func replacingParameter(at index: Int, with value: UInt64) -> PoolOperation? {
    var numbers = parameters.map(\.value)
    guard numbers.indices.contains(index) else { return nil }
    numbers[index] = value
    return rebuilt(from: numbers).flatMap(PoolOperation.init)
  }

  private func rebuilt(from numbers: [UInt64]) -> PoolTrace.Operation? {
    switch operation {
    case .alloc(let name, let old, _, _):
      guard let type = UInt32(exactly: numbers[1]), let tag = UInt32(exactly: numbers[2]),
        type == old.rawValue || PoolType(rawValue: type).isSubset(of: Self.judgedTypes)
      else { return nil }
      return .alloc(
        name, PoolType(rawValue: type), bytes: numbers[0], tag: PoolTag(word: tag))
    case .contiguous(let name, _, _):
      let limits = ContiguousLimits(
        lowest: numbers[1], highest: numbers[2], boundary: numbers[3])
      return .contiguous(name, bytes: numbers[0], limits: limits)
    case .free(let name, _):
      return UInt32(exactly: numbers[0]).map { .free(name, tag: PoolTag(word: $0)) }
    case .write(let name, _, _):
      return Self.bytes(numbers.dropFirst()).map {
        .write(name, offset: Self.signed(numbers[0]), $0)
      }
    case .freeAt(let address, _):
      guard let place = Self.address(address, numbers[0], numbers[1]),
        let tag = UInt32(exactly: numbers[2])
      else { return nil }
      return .freeAt(place, tag: PoolTag(word: tag))
    case .writeAt(let address, _):
      guard let place = Self.address(address, numbers[0], numbers[1]),
        let bytes = Self.bytes(numbers.dropFirst(2))
      else { return nil }
      return .writeAt(place, bytes)
    default: return setting(numbers)
    }
  }

  private func setting(_ numbers: [UInt64]) -> PoolTrace.Operation? {
    switch operation {
    case .processor where numbers[0] <= UInt64(PoolTrace.Operation.maximumProcessor):
      .processor(UInt8(numbers[0]))
    case .tick where numbers[0] <= UInt64(PoolTrace.Operation.maximumTickSeconds):
      .tick(seconds: UInt32(numbers[0]))
    case .interruptLevel where numbers[0] <= UInt64(PoolTrace.Operation.maximumInterruptLevel):
      .interruptLevel(UInt8(numbers[0]))
    default: nil
    }
  }

  // MARK: Numbers

  private static func number(
    _ role: ParameterRole, _ value: UInt64, origin: UInt64 = 0
  ) -> Parameter {
    Parameter(role: role.rawValue, value: value, origin: origin)
  }

  /// A size; its landmarks are the machine's (`PoolSetup`).
  private static func size(_ bytes: UInt64) -> Parameter { number(.size, bytes) }

  /// Zigzag: 0, -1, 1, -2 and so on become 0, 1, 2, 3.
  static func zigzag(_ value: Int64) -> UInt64 {
    UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
  }

  /// The number that `zigzag` made.
  static func signed(_ value: UInt64) -> Int64 {
    Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
  }

  private static func payload(_ bytes: [UInt8]) -> [Parameter] {
    func packed(_ slice: ArraySlice<UInt8>) -> UInt64 {
      slice.reversed().reduce(0) { $0 &<< 8 | UInt64($1) }
    }
    return [
      Parameter(role: ParameterRole.other.rawValue, value: UInt64(bytes.count), origin: 1),
      number(.payload, packed(bytes.prefix(8))), number(.payload, packed(bytes.dropFirst(8))),
    ]
  }

  private static func bytes(_ numbers: ArraySlice<UInt64>) -> [UInt8]? {
    let numbers = Array(numbers)
    guard (1...UInt64(longestStore)).contains(numbers[0]) else { return nil }
    let count = Int(numbers[0])
    let kept = [numbers[1], numbers[2]]
    for (index, word) in kept.enumerated() {
      let bytes = min(max(count - 8 * index, 0), 8)
      if bytes < 8, word &>> UInt64(8 * bytes) != 0 { return nil }
    }
    return (0..<count).map {
      UInt8(truncatingIfNeeded: kept[$0 / 8] &>> UInt64(8 * ($0 % 8)))
    }
  }

  private static func place(_ address: AddressExpression) -> [Parameter] {
    switch address {
    case .slot(_, let offset): [number(.other, 0), number(.offset, zigzag(offset))]
    case .nonPaged(let offset): [number(.other, 1, origin: 1), number(.offset, offset)]
    case .paged(let offset): [number(.other, 2, origin: 2), number(.offset, offset)]
    case .session(let offset): [number(.other, 3, origin: 3), number(.offset, offset)]
    case .absolute(let value): [number(.other, 4, origin: 4), number(.offset, value)]
    }
  }

  private static func address(
    _ old: AddressExpression, _ form: UInt64, _ value: UInt64
  ) -> AddressExpression? {
    switch (old, form) {
    case (.slot(let name, _), 0): .slot(name, offset: signed(value))
    case (.nonPaged, 1): .nonPaged(value)
    case (.paged, 2): .paged(value)
    case (.session, 3): .session(value)
    case (.absolute, 4): .absolute(value)
    default: nil
    }
  }
}

/// Which numbers of operations may be compared, unified and moved together by a shrinker.
enum ParameterRole: Int {
  /// Bytes of a request.
  case size
  /// A pool type's word.
  case type
  /// A tag's word; 0 where there is none.
  case tag
  /// Bytes from an address, zigzag-coded where they may be negative.
  case offset
  /// Bytes that are stored, eight to a number.
  case payload
  /// Everything that stands alone: a processor, a level, a form.
  case other
}
