/// Why numbers do not describe a pool.
public enum GeometryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A page must have 2...65,536 units.
  case pageUnits(Int)
  /// A page must hold a whole number of units.
  case pageBytes(Int, unitBytes: Int)
  /// The smallest block must be at least one unit and smaller than a page.
  case smallestBlockUnits(Int, pageUnits: Int)
  /// The largest block must be no smaller than the smallest and no larger than a page.
  case largestBlockUnits(Int)
  /// A unit must have 1...65,536 bytes.
  case unitBytes(Int)
  /// A header must fit into the smallest block.
  case headerBytes(Int)
  /// The smallest request must be between one byte and the largest request.
  case smallestRequestBytes(Int)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .pageUnits(let units): "a page of \(units) units is outside 2...65536"
    case .pageBytes(let bytes, let unit): "a page of \(bytes) bytes is no multiple of \(unit) bytes"
    case .smallestBlockUnits(let units, let page):
      "a smallest block of \(units) units is outside 1...\(page - 1)"
    case .largestBlockUnits(let units):
      "a largest block of \(units) units is below the smallest block or above a page"
    case .unitBytes(let bytes): "a unit of \(bytes) bytes is outside 1...65536"
    case .headerBytes(let bytes): "a header of \(bytes) bytes does not fit the smallest block"
    case .smallestRequestBytes(let bytes):
      "a smallest request of \(bytes) bytes is below 1 or above the largest request"
    }
  }
}
