/// Pages that few live bytes keep, by whose blocks these are.
public struct PinnedPages: Sendable {
  /// What blocks of a tag keep.
  public struct Row: Sendable {
    /// The tag; 0 for calls that have none.
    public let tag: UInt32
    /// Pages of which live blocks take less than a tenth and that hold one of the tag.
    public internal(set) var pages = 0
    /// Those of them that hold no block of another tag: freeing the tag's blocks frees them.
    public internal(set) var pagesAlone = 0
    /// Blocks of the tag on such pages.
    public internal(set) var blocks = 0
    /// Their bytes on these pages, as they were asked for.
    public internal(set) var bytes: UInt64 = 0
  }

  /// Pages of which live blocks take less than a tenth.
  public private(set) var pages = 0
  /// Pages with a live block's byte.
  public private(set) var usedPages = 0
  /// By tag: the one that keeps the most pages comes first.
  public private(set) var rows: [Row] = []

  /// The pages of live blocks.
  init(_ blocks: some Sequence<LivePlace>) {
    var pieces: [UInt64: [(tag: UInt32, bytes: UInt64)]] = [:]
    var whole = 0
    for block in blocks {
      let (first, last) = block.ends
      if let last {
        whole += Int(last.page - first.page) - 1
        pieces[last.page, default: []].append((block.tag, last.bytes))
      }
      pieces[first.page, default: []].append((block.tag, first.bytes))
    }
    usedPages = whole + pieces.count
    var rows: [UInt32: Row] = [:]
    for piece in pieces.values where PageLoads.isPinned(piece.reduce(0) { $0 + $1.bytes }) {
      pages += 1
      let tags = Set(piece.map(\.tag))
      for tag in tags {
        rows[tag, default: Row(tag: tag)].pages += 1
        if tags.count == 1 { rows[tag]?.pagesAlone += 1 }
      }
      for (tag, bytes) in piece {
        rows[tag]?.blocks += 1
        rows[tag]?.bytes += bytes
      }
    }
    self.rows = rows.values.sorted { ($1.pages, $0.tag) < ($0.pages, $1.tag) }
  }
}

/// A live block by its place.
struct LivePlace {
  var address: UInt64
  var bytes: UInt64
  var tag: UInt32

  /// A page, by its number, and the block's bytes on it; a block of no bytes has one.
  typealias End = (page: UInt64, bytes: UInt64)

  /// The first page and, of a block on several, the last; those between are full.
  var ends: (first: End, last: End?) {
    let (size, pageBytes) = (max(bytes, 1), PageLoads.pageBytes)
    let end = address &+ size
    let (first, last) = (address / pageBytes, (end &- 1) / pageBytes)
    guard last > first else { return ((first, size), nil) }
    return (
      (first, (first + 1) * pageBytes - address), (last, end &- last * pageBytes)
    )
  }
}

/// How many bytes of each page are live, kept up to date block by block.
struct PageLoads {
  /// Bytes of a page.
  static let pageBytes: UInt64 = 4096

  /// Of pages on which a block begins or ends.
  private var bytes: [UInt64: UInt64] = [:]
  /// Pages of which live blocks take less than a tenth.
  private(set) var pinnedPages = 0

  /// Whether so few live bytes keep a page.
  static func isPinned(_ bytes: UInt64) -> Bool { bytes > 0 && bytes * 10 < pageBytes }

  mutating func add(_ block: LivePlace) { change(block) { $0 &+ $1 } }

  mutating func remove(_ block: LivePlace) { change(block) { $0 &- $1 } }

  private mutating func change(_ block: LivePlace, by sum: (UInt64, UInt64) -> UInt64) {
    let (first, last) = block.ends
    for end in [first] + (last.map { [$0] } ?? []) {
      let before = bytes[end.page] ?? 0
      let after = sum(before, end.bytes)
      pinnedPages += (Self.isPinned(after) ? 1 : 0) - (Self.isPinned(before) ? 1 : 0)
      bytes[end.page] = after == 0 ? nil : after
    }
  }
}
