import KernelPool

/// A key of `config` lines: its name, what it takes, and how its value is read and printed.
public struct ConfigurationKey: Sendable {
  /// The name before the `=`.
  public let name: String
  /// What it sets, in a few words.
  public let purpose: String
  /// The values it takes, in words, for messages and manuals.
  public let values: String
  /// Values worth trying: every word; of numbers the ends of the range, or those near zero, and some
  /// that are no power of two. None where only the regions' sizes tell what can be.
  public let samples: [String]
  /// Stores the value that a text means; false where it means none.
  public let read: @Sendable (_ text: String, _ configuration: inout TraceConfiguration) -> Bool
  /// The text of a configuration's value.
  let print: @Sendable (_ configuration: TraceConfiguration) -> String

  /// The text of the key's value in `configuration`.
  public func value(in configuration: TraceConfiguration) -> String { print(configuration) }
}

extension ConfigurationKey {
  typealias Path<Value> = WritableKeyPath<TraceConfiguration, Value> & Sendable

  /// A count in `range`.
  static func count<Value: FixedWidthInteger & Sendable>(
    _ name: String, _ path: Path<Value>, _ range: ClosedRange<Value>, _ purpose: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name: name, purpose: purpose, values: "\(range.lowerBound)...\(range.upperBound)",
      samples: samples(of: range),
      read: { text, configuration in
        guard let number = ConfigurationKey.number(text), let value = Value(exactly: number),
          range.contains(value)
        else { return false }
        configuration[keyPath: path] = value
        return true
      },
      print: { String($0[keyPath: path]) })
  }

  /// A count in `range`, or `word` for none.
  static func count<Value: FixedWidthInteger & Sendable>(
    _ name: String, _ path: Path<Value?>, _ range: ClosedRange<Value>, or word: String,
    _ purpose: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name: name, purpose: purpose,
      values: "\(range.lowerBound)...\(range.upperBound) or \(word)",
      samples: [word] + samples(of: range),
      read: { text, configuration in
        if text == word {
          configuration[keyPath: path] = nil
          return true
        }
        guard let number = ConfigurationKey.number(text), let value = Value(exactly: number),
          range.contains(value)
        else { return false }
        configuration[keyPath: path] = value
        return true
      },
      print: { $0[keyPath: path].map { String($0) } ?? word })
  }

  /// A power of two in `range`.
  static func powerOfTwo(
    _ name: String, _ path: Path<UInt64>, _ range: ClosedRange<UInt64>, _ purpose: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name: name, purpose: purpose,
      values: "a power of two in \(range.lowerBound)...\(range.upperBound)",
      samples: sequence(first: range.lowerBound) { $0 < range.upperBound ? $0 * 2 : nil }
        .map { String($0) },
      read: { text, configuration in
        guard let value = ConfigurationKey.number(text), range.contains(value),
          value.nonzeroBitCount == 1
        else { return false }
        configuration[keyPath: path] = value
        return true
      },
      print: { String($0[keyPath: path]) })
  }

  /// An address.
  static func address(
    _ name: String, _ path: Path<Address>, _ purpose: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name: name, purpose: purpose, values: "an address", samples: [],
      read: { text, configuration in
        guard let value = ConfigurationKey.number(text) else { return false }
        configuration[keyPath: path] = value
        return true
      },
      print: { ConfigurationKey.hexadecimal($0[keyPath: path]) })
  }

  /// An address, or `word` for none.
  static func address(
    _ name: String, _ path: Path<Address?>, or word: String, _ purpose: String
  ) -> ConfigurationKey {
    ConfigurationKey(
      name: name, purpose: purpose, values: "an address or \(word)", samples: [word],
      read: { text, configuration in
        let value = ConfigurationKey.number(text)
        guard value != nil || text == word else { return false }
        configuration[keyPath: path] = value
        return true
      },
      print: { $0[keyPath: path].map(ConfigurationKey.hexadecimal) ?? word })
  }

  /// One of the words of an enumeration.
  static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: Path<Value>, _ purpose: String
  ) -> ConfigurationKey {
    words(
      name, path, Value.allCases.map { ($0.rawValue, $0) }, purpose, print: { $0.rawValue })
  }

  /// `on` or `off`.
  static func flag(_ name: String, _ path: Path<Bool>, _ purpose: String) -> ConfigurationKey {
    words(name, path, [("on", true), ("off", false)], purpose, print: { $0 ? "on" : "off" })
  }

  /// One of a few words.
  static func words<Value: Sendable>(
    _ name: String, _ path: Path<Value>, _ words: [(String, Value)], _ purpose: String,
    print: @escaping @Sendable (Value) -> String
  ) -> ConfigurationKey {
    let names = words.map { $0.0 }
    return ConfigurationKey(
      name: name, purpose: purpose, values: "one of \(names.joined(separator: ", "))",
      samples: names,
      read: { text, configuration in
        guard let word = words.first(where: { $0.0 == text }) else { return false }
        configuration[keyPath: path] = word.1
        return true
      },
      print: { print($0[keyPath: path]) })
  }

  /// One of a few named values that are compared for equality.
  static func named<Value: Equatable & Sendable>(
    _ name: String, _ path: Path<Value>, _ known: [(String, Value)], _ purpose: String
  ) -> ConfigurationKey {
    words(
      name, path, known, purpose,
      print: { value in known.first { $0.1 == value }?.0 ?? "unnamed" })
  }

  /// Numbers of a range that are worth trying.
  private static func samples<Value: FixedWidthInteger>(of range: ClosedRange<Value>) -> [String] {
    let numbers: [UInt64] = [0, 1, 2, 3, 7, 8, 17, 33, 64, 100]
    let low = numbers.compactMap { Value(exactly: $0) }.filter { range.contains($0) }
    let isFar = range.upperBound > 4096 || low.contains(range.upperBound)
    return (isFar ? low : low + [range.upperBound]).map { String($0) }
  }

  /// Which requests special pool serves: none, all, or those of a tag, which is written as four
  /// characters or fewer, a letter among them, or as the number of its word.
  static let specialPool = ConfigurationKey(
    name: "special_pool", purpose: "the requests below a page that special pool serves",
    values: "one of off, all, a tag", samples: ["off", "all", "Test"],
    read: { text, configuration in
      switch text {
      case "off": configuration.pool.specialPool = .none
      case "all": configuration.pool.specialPool = .all
      default:
        if let word = number(text).flatMap(UInt32.init(exactly:)) {
          configuration.pool.specialPool = .tag(PoolTag(word: word).unprotected)
          return true
        }
        let bytes = Array(text.utf8)
        guard bytes.count <= 4, isPlainTag(bytes[...]) else { return false }
        let word = (0..<4).reduce(UInt32(0)) {
          $0 | UInt32($1 < bytes.count ? bytes[$1] : 0x20) << UInt32(8 * $1)
        }
        configuration.pool.specialPool = .tag(PoolTag(word: word))
      }
      return true
    },
    print: { configuration in
      switch configuration.pool.specialPool {
      case .none: return "off"
      case .all: return "all"
      case .tag(let tag):
        let (first, second, third, fourth) = tag.bytes
        let bytes = [first, second, third, fourth]
        let kept = bytes[..<(1 + (bytes.lastIndex { $0 != 0x20 } ?? 3))]
        let text = String(decoding: kept, as: UTF8.self)
        let isWord = text == "off" || text == "all" || number(text) != nil
        return isPlainTag(kept) && !isWord ? text : hexadecimal(UInt64(tag.word))
      }
    })

  /// Whether a tag can stand for itself: printable characters, a letter among them, no comment's sign.
  private static func isPlainTag(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x23 }
      && bytes.contains { (0x61...0x7A).contains($0 | 0x20) }
  }

  /// A number as everywhere in the language, or nil.
  static func number(_ text: String) -> UInt64? {
    var text = text
    return text.withUTF8 { bytes in
      var cursor = LineCursor(bytes)
      guard let value = try? cursor.number("a number"), cursor.position == bytes.count else {
        return nil
      }
      return value
    }
  }

  static func hexadecimal(_ value: UInt64) -> String {
    var bytes: [UInt8] = []
    bytes.appendHexadecimal(value)
    return String(decoding: bytes, as: UTF8.self)
  }
}
