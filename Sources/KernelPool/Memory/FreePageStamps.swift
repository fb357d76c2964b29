/// What lies on the pages of free runs that nobody has looked at: a signature and the address of
/// the run's first page (ReactOS `MiInitializeNonPagedPool`, `MiFreePoolPages`).
///
/// Pages are stamped when they are first looked at, so that a region of many gigabytes costs
/// nothing until it is used. Until then it is enough to know which run last took a page in: one
/// span for all of the pool at start, and one more for each long run that is freed untouched.
@usableFromInline struct FreePageStamps {
  /// ReactOS's signature of a free run.
  static let signature: UInt32 = 0x4152_4D33
  /// Shorter stretches of untouched pages are stamped at once.
  static let shortestSpan: UInt64 = 64
  /// Spans that are kept; more are stamped at once.
  static let mostSpans = 1024

  /// Pages whose stamp names one owner.
  private struct Span {
    var first: UInt64
    var pages: UInt64
    var owner: Address

    func covers(_ other: Span) -> Bool {
      first <= other.first && other.first - first + other.pages <= pages
    }
  }

  let signatureOffset: Int
  let ownerOffset: Int
  let isWide: Bool
  /// Hears of stamped pages, whose marks change.
  var journal: WriteJournal?
  /// Address of the first page.
  private let base: Address
  private let pageBytes: UInt64
  /// The newest last.
  private var spans: [Span]

  /// Stamps of a pool of which all is one free run.
  init(wordBytes: UInt64, pageBytes: UInt64, owner: Address, pages: UInt64) {
    base = owner
    self.pageBytes = pageBytes
    signatureOffset = Int(wordBytes) * 2 + 4
    ownerOffset = Int(wordBytes) * 2 + 8
    isWide = wordBytes == 8
    spans = [Span(first: 0, pages: pages, owner: owner)]
  }

  /// True where no more spans are kept.
  var isFull: Bool { spans.count >= Self.mostSpans }

  /// Notes the owner of untouched pages; false where they have to be stamped now.
  mutating func note(first: UInt64, pages: UInt64, owner: Address) -> Bool {
    guard pages >= Self.shortestSpan, !isFull else { return false }
    let new = Span(first: first, pages: pages, owner: owner)
    spans.removeAll { new.covers($0) }
    spans.append(new)
    return true
  }

  /// Writes the stamp of page `index` to its bytes.
  @usableFromInline func write(page index: UInt64, to page: UnsafeMutableRawPointer) {
    journal?.noteMarks(base &+ index &* pageBytes)
    guard let span = spans.last(where: { index &- $0.first < $0.pages }) else { return }
    page.storeBytes(of: Self.signature, toByteOffset: signatureOffset, as: UInt32.self)
    if isWide {
      page.storeBytes(of: span.owner, toByteOffset: ownerOffset, as: UInt64.self)
    } else {
      page.storeBytes(
        of: UInt32(truncatingIfNeeded: span.owner), toByteOffset: ownerOffset, as: UInt32.self)
    }
  }
}
