/// Arithmetic on numbers that a text may have made up: it stops at the end instead of trapping.
enum Saturating {
  static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }

  static func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? .max : product
  }

  static func difference(_ left: UInt64, _ right: UInt64) -> UInt64 {
    left > right ? left - right : 0
  }
}
