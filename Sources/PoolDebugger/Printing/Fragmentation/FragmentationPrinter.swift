import KernelPool
import PoolWalk

/// Prints how fragmented each pool is: `--frag`.
///
/// The layout is this project's own. WinDbg had an extension `!frag`, whose output is not public;
/// nothing here claims to look like it.
public struct FragmentationPrinter {
  /// What the command line's help says of the listing.
  public static let help = """
    --frag prints, for each pool, its pages, what is allocated, parked and free in them, the
    largest free block, free blocks by size, external fragmentation (1 - largest free block / free
    bytes), internal waste (block bytes - requested bytes), pinned pages (under 10 % used) with the
    tags that pin them, and how many pages freeing the fewest blocks would give back. The layout is
    poolfuzz's own; it is not that of WinDbg's !frag.
    """

  private let surveys: [FragmentationSurvey]
  private let internalWasteBytes: [PoolFamily: UInt64]

  /// A printer of the pool as it is now.
  ///
  /// - Parameters:
  ///   - view: the pool.
  ///   - internalWasteBytes: block bytes less requested bytes of what is live, for the pools where
  ///     the caller knows it: no header tells what was requested.
  public init(_ view: PoolView, internalWasteBytes: [PoolFamily: UInt64] = [:]) {
    let walker = PoolWalker(view)
    let families = PoolFamily.allCases.filter { family in
      walker.areas.contains { $0.family == family }
    }
    surveys = families.map { FragmentationSurvey(walker, $0) }
    self.internalWasteBytes = internalWasteBytes
  }

  /// The listing of all pools, every line ended.
  public var text: String {
    surveys.flatMap(lines).map { $0 + "\n" }.joined()
  }

  private func lines(_ survey: FragmentationSurvey) -> [String] {
    var lines = [survey.family.regionName]
    func add(_ label: String, _ value: String) {
      lines.append("  " + Columns.left(label, 24) + value)
    }
    add("pages", pages(survey))
    guard survey.smallPages + survey.largePages != 0 else { return lines }
    add("allocated", text(survey.allocated))
    add("on lookaside lists", text(survey.lookaside))
    add("deferred frees", text(survey.deferred))
    add("free", text(survey.free) + ", largest \(survey.largestFreeBytes)")
    add("too small for a list", text(survey.orphans))
    add("external fragmentation", share(survey))
    add(
      "internal waste",
      internalWasteBytes[survey.family].map { "\($0) bytes" } ?? "not known from headers")
    add("pinned pages", "\(survey.pinnedPages) (under 10 % used)")
    if survey.brokenPages != 0 { add("broken pages", "\(survey.brokenPages)") }
    lines += pinning(survey) + releases(survey) + histogram(survey)
    return lines
  }

  private func pages(_ survey: FragmentationSurvey) -> String {
    "\(survey.smallPages) of small blocks, \(survey.largePages) large, \(survey.tablePages) of"
      + " tables, \(survey.keptPages) kept for reuse"
  }

  private func text(_ tally: FragmentationSurvey.Tally) -> String {
    "\(tally.byteCount) bytes in \(tally.blocks) blocks"
  }

  private func share(_ survey: FragmentationSurvey) -> String {
    let free = survey.free.byteCount
    return Columns.percent(free - survey.largestFreeBytes, of: free) + " %"
  }

  private func pinning(_ survey: FragmentationSurvey) -> [String] {
    let sorted = survey.pinningTags.sorted {
      ($1.value.blocks, $0.key) < ($0.value.blocks, $1.key)
    }
    return sorted.prefix(10).map { tag, tally in
      "    pinned by \(TagText.characters(tag)): \(text(tally))"
    }
  }

  private func releases(_ survey: FragmentationSurvey) -> [String] {
    ReleaseEstimate.all(survey.blockers).map {
      "    freeing \($0.blocks) blocks (\($0.byteCount) bytes) gives back \($0.pages) pages"
    }
  }

  private func histogram(_ survey: FragmentationSurvey) -> [String] {
    survey.freeByBit.sorted { $0.key < $1.key }.map { bit, tally in
      let low = Columns.hexadecimal(1 << UInt64(bit), 4)
      let high = Columns.hexadecimal((2 << UInt64(bit)) - 1, 4)
      return "    free blocks of \(low) to \(high): " + text(tally)
    }
  }
}
