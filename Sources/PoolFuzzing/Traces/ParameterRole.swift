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
