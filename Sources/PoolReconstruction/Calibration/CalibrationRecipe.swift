import KernelPool
import PoolTrace

/// How a calibrated workload is made: everything but the figures that it must meet.
public struct CalibrationRecipe: Sendable, Equatable {
  /// The system.
  public var profile: Profile = TraceConfiguration.defaultProfile
  /// What every choice follows from.
  public var seed: UInt64 = 1
  /// Bytes of the driver's contiguous buffers, as it asks for them.
  public var bufferBytes: UInt64 = 0xF10
  /// The spells in which the driver takes and gives back buffers.
  public var spells: UInt64 = 16
  /// How far the usage may be from the target, as a share of it.
  public var tolerance = 0.01

  /// The story's recipe: Windows 2003 on x86 and buffers of 0xF10 bytes.
  public init() {}

  /// Words of a recipe file that name listings rather than settings.
  public enum Source: Equatable, Sendable {
    /// A file with a `!poolused` table.
    case poolUsed(String)
    /// A file with a `!vm` listing.
    case virtualMemory(String)
    /// The usage in pages.
    case usage(UInt64)
  }

  /// Applies one `KEY VALUE` of a recipe; returns what it names where that is a source.
  public mutating func apply(
    key: String, value: String
  ) throws(CalibrationError) -> Source? {
    switch key {
    case "poolused": return .poolUsed(value)
    case "vm": return .virtualMemory(value)
    case "usage": return .usage(try Self.number(key, value, 1...1 << 32))
    case "profile":
      guard let profile = Profile.named(value) else {
        throw CalibrationError(
          "there is no profile '\(value)'; there are "
            + Profile.all.map(\.name).joined(separator: ", "))
      }
      self.profile = profile
    case "seed": seed = try Self.number(key, value, 0...UInt64.max)
    case "buffer": bufferBytes = try Self.number(key, value, 1...1 << 20)
    case "spells": spells = try Self.number(key, value, 1...1 << 16)
    default:
      throw CalibrationError(
        "'\(key)' is no key; there are poolused, vm, usage, profile, seed, buffer and spells")
    }
    return nil
  }

  /// Reads a recipe file: a `KEY VALUE` on each line, `#` before comments. Errors name the line.
  public static func read(
    _ text: String
  ) throws(CalibrationError) -> (recipe: CalibrationRecipe, sources: [Source]) {
    var recipe = CalibrationRecipe()
    var sources: [Source] = []
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard !words.isEmpty else { continue }
      guard words.count == 2 else {
        throw CalibrationError("line \(index + 1): expected KEY VALUE")
      }
      do {
        if let source = try recipe.apply(key: String(words[0]), value: String(words[1])) {
          sources.append(source)
        }
      } catch {
        throw CalibrationError("line \(index + 1): \(error.message)")
      }
    }
    return (recipe, sources)
  }

  private static func number(
    _ key: String, _ text: String, _ range: ClosedRange<UInt64>
  ) throws(CalibrationError) -> UInt64 {
    let isHexadecimal = text.hasPrefix("0x")
    let digits = isHexadecimal ? text.dropFirst(2) : text[...]
    guard digits.utf8.first.map({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) ?? false,
      let number = UInt64(digits, radix: isHexadecimal ? 16 : 10), range.contains(number)
    else { throw CalibrationError("\(key) is a number in \(range), not '\(text)'") }
    return number
  }
}
