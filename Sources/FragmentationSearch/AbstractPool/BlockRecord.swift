/// A block of a page, free or live: 32 bytes, so that two share a cache line.
struct BlockRecord {
  enum State: Int32 {
    case unused
    case live
    case free
    /// Free, but too small for any list.
    case sliver
  }

  /// The neighbours in the page, -1 at its ends.
  var left: Int32
  var right: Int32
  /// The neighbours on the list, -1 at its ends; of an unused record, the next unused one.
  var listPrevious: Int32
  var listNext: Int32
  var page: Int32
  var offset: Int32
  var units: Int32
  var state: State

  var isFree: Bool { state == .free || state == .sliver }
}
