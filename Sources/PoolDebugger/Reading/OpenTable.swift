/// A table that is still being read.
///
/// It is kept outside the list of listings until it ends, so that adding a row never copies the
/// rows before it, and it remembers its keys, so that a repeated line is found at once: the cost of
/// a table is linear in its lines.
struct OpenTable<Content: Sendable, Key: Hashable & Sendable>: Sendable {
  let index: Int
  var content: Content
  var known: [Key: Int] = [:]
}

extension Reading {
  /// Ends a table: what was collected becomes the content of its listing.
  mutating func close<Content, Key>(
    _ table: inout OpenTable<Content, Key>?, _ wrap: (Content) -> Listing.Content
  ) {
    guard let open = table else { return }
    listings[open.index].content = wrap(open.content)
    table = nil
  }
}
