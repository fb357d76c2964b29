/// The value of a metric: a count or a ratio.
public enum MetricValue: Sendable, Equatable {
  /// Pages, blocks or bytes.
  case count(UInt64)
  /// A ratio or an index, never infinite.
  case ratio(Double)

  /// The value for comparisons; counts above 2^53 are rounded.
  public var number: Double {
    switch self {
    case .count(let count): Double(count)
    case .ratio(let ratio): ratio
    }
  }

  /// The value as a decimal number, which is a JSON number as well; ratios have four decimals,
  /// rounded to the nearest.
  public var text: String {
    switch self {
    case .count(let count): return String(count)
    case .ratio(let ratio):
      guard ratio >= 0 else { return "-" + MetricValue.ratio(-ratio).text }
      // Above 2^50 there are no four decimals to print, and the product could not be converted.
      guard ratio < 0x1p50 else { return String(UInt64(min(ratio, 0x1p63))) + ".0000" }
      let scaled = UInt64(ratio * 10_000 + 0.5)
      let decimals = String(scaled % 10_000)
      return "\(scaled / 10_000)." + String(repeating: "0", count: 4 - decimals.count) + decimals
    }
  }
}
