/// Numbers as reports write them, without a locale.
enum NumberText {
  /// A whole number with commas between thousands.
  static func grouped(_ number: UInt64) -> String {
    let digits = Array(String(number))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A number and a noun, `s` behind it but for one.
  static func plural(_ count: UInt64, _ noun: String) -> String {
    grouped(count) + " " + noun + (count == 1 ? "" : "s")
  }

  /// A ratio with two decimals, one above ten.
  static func ratio(_ ratio: Double) -> String {
    decimal(ratio, decimals: ratio < 9.95 ? 2 : 1)
  }

  /// A share as a percentage without decimals.
  static func percent(_ share: Double) -> String { decimal(share * 100, decimals: 0) + " %" }

  /// A number of at least zero with so many decimals, rounded to the nearest.
  static func decimal(_ value: Double, decimals: Int) -> String {
    var scale: UInt64 = 1
    for _ in 0..<decimals { scale *= 10 }
    guard value.isFinite, value < 0x1p50 else { return "?" }
    let scaled = UInt64(max(value, 0) * Double(scale) + 0.5)
    guard decimals > 0 else { return String(scaled) }
    let rest = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: decimals - rest.utf8.count) + rest
  }

  /// Bytes, in the unit that keeps the number short.
  static func bytes(_ bytes: UInt64) -> String {
    if bytes < 100 << 10 { return grouped(bytes) + " B" }
    if bytes < 10 << 20 { return grouped((bytes + 512) >> 10) + " KiB" }
    return decimal(Double(bytes) / 1_048_576, decimals: bytes < 100 << 20 ? 1 : 0) + " MiB"
  }
}
