/// The part of a picture that curves are drawn in, and what drawing them takes.
struct PlotArea {
  /// The left upper corner and the size.
  let x, y, width, height: Double

  /// The place from the top of the picture of a share of the height, from the bottom.
  func place(ofShare share: Double) -> Double { y + height * (1 - share) }

  /// A line across with what it stands for on its left.
  func level(_ picture: inout VectorPicture, _ y: Double, _ text: String) {
    picture.path(
      "M\(VectorPicture.number(x)) \(VectorPicture.number(y))h\(VectorPicture.number(width))",
      classes: "grid-line")
    picture.text(text, x: x - 8, y: y + 4, anchor: "end")
  }

  /// The path through points.
  static func polyline(_ points: [(Double, Double)]) -> String {
    points.enumerated().map { index, point in
      (index == 0 ? "M" : "L") + VectorPicture.number(point.0) + " "
        + VectorPicture.number(point.1)
    }.joined()
  }

  /// A round number of at least `value` that four divides.
  static func roundUp(_ value: UInt64) -> UInt64 {
    var power: UInt64 = 1
    while power * 400 < value { power *= 10 }
    return [4, 8, 12, 16, 20, 28, 40, 48, 60, 80, 100, 120, 160, 200, 240, 320, 400]
      .map { $0 * power }.first { $0 >= value } ?? 400 * power
  }

  /// The logarithm to base two; this module imports no library that has one.
  static func log2(_ value: Double) -> Double {
    guard value > 0, value.isFinite else { return 0 }
    var rest = value.significand
    var result = Double(value.exponent)
    var digit = 0.5
    // Squaring a number in 1..<2 brings out one binary digit of its logarithm after the other.
    for _ in 0..<24 {
      rest *= rest
      if rest >= 2 {
        rest /= 2
        result += digit
      }
      digit /= 2
    }
    return result
  }
}
