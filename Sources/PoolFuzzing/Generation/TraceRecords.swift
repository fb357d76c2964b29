import PropertyTesting

/// Traces as bytes that a coverage-guided fuzzer may cut and join: a header, then records.
///
/// The header holds the choices of the profile, the machine and the features; each record of eight
/// bytes the choices of one operation. Records do not move when one of them changes its length,
/// because none has another, and a record names its kind (first byte) and its slot (second byte)
/// whatever the state. So a mutator that works on records works on operations. Decoding is total:
/// every string of bytes is a trace, and what is left behind the last whole record decides how a
/// trace of misuse ends.
///
/// It remembers the last header: inputs that come from one another mostly have the same.
public struct TraceRecords {
  /// Bytes of the header.
  public static let headerBytes = 80
  /// Bytes of a record.
  public static let recordBytes = 8
  /// The most operations of a trace; records behind are not looked at.
  public static let longestTrace = 512

  private var header: [UInt8] = []
  private var start: PoolTraceGenerator

  /// A decoder that has seen nothing.
  public init() { start = Self.generator([]) }

  /// The profile, the machine and the features of a header.
  private static func generator(_ header: [UInt8]) -> PoolTraceGenerator {
    var choices = ByteChoices(header)
    let profile = choices.draw(from: GeneratorProfile.all)
    var generator = PoolTraceGenerator(profile, choices: &choices)
    // Rhythms belong to sources that look at the state; here they would move the kind's byte.
    generator.model.features.rhythm = .steady
    return generator
  }

  /// Whether the last trace that was decoded is of a profile that ends in misuse.
  public var isMisuse: Bool { start.model.isMisuse }

  /// The machine of a trace; its operations replace those in `operations`.
  public mutating func decode(
    _ bytes: UnsafeRawBufferPointer, into operations: inout [PoolOperation]
  ) -> PoolSetup {
    let headerEnd = min(bytes.count, Self.headerBytes)
    if !header.elementsEqual(bytes[..<headerEnd]) {
      header = Array(bytes[..<headerEnd])
      start = Self.generator(header)
    }
    var generator = start
    operations.removeAll(keepingCapacity: true)
    var place = headerEnd
    while place + Self.recordBytes <= bytes.count, operations.count < Self.longestTrace {
      let record = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self).bigEndian
      var choices = RecordChoices(record)
      if let operation = generator.next(&choices) { operations.append(operation) }
      place += Self.recordBytes
    }
    var rest = ByteChoices(Array(bytes[place...].prefix(Self.recordBytes)))
    operations += generator.misuse(&rest)
    return generator.setup
  }

  /// The trace that a string of bytes stands for.
  public mutating func trace(decoding bytes: [UInt8]) -> PoolFuzzTrace {
    var operations: [PoolOperation] = []
    let setup = bytes.withUnsafeBytes { decode($0, into: &operations) }
    return PoolFuzzTrace(configuration: setup, operations: operations)
  }
}
