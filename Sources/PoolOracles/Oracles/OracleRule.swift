/// The rules of the oracles beyond the invariants, by their stable names.
public enum OracleRule: String, Sendable, CaseIterable {
  /// An allocation shares bytes with a live one.
  case overlap = "shadow.overlap"
  /// An allocation is not aligned as promised: 8 bytes on x86, 16 on x64, a page from a page on.
  case alignment = "shadow.alignment"
  /// An allocation lies outside of the region of its pool.
  case region = "shadow.region"
  /// A request was refused although a recount finds room.
  case refusal = "refusal.room"
  /// A refusal is not counted, or one is counted that did not happen.
  case refusalCount = "refusal.count"
  /// An allocation does not come from the block that the published rules choose.
  case placementBlock = "placement.block"
  /// Pages do not come from where the published rules choose them.
  case placementPage = "placement.page"
  /// A freed block or page is not where the published rules put it.
  case placementFreed = "placement.freed"
  /// The hint of a page bitmap did not move as published.
  case placementHint = "placement.hint"
  /// The rest of a split is not where the published rules put it.
  case placementRest = "placement.rest"
  /// Paged descriptors did not take turns.
  case placementTurn = "placement.turn"
  /// The lists of free runs of pages are not in the published order.
  case placementRuns = "placement.runs"
  /// An entry of the big-page table is not where its address hashes to.
  case placementEntry = "placement.entry"
  /// The big-page table was not halved when it must be, or was when it must not.
  case placementTable = "placement.table"
  /// The links of a recycled block are still in its body.
  case placementCleared = "placement.cleared"
  /// An allocation got another address than the reference allocator gives.
  case referenceAddress = "reference.address"
  /// A request was served or refused, and the reference allocator says otherwise.
  case referenceVerdict = "reference.verdict"
  /// The kernel stopped in another way than the reference allocator says, or one of them did not.
  case referenceStop = "reference.stop"
  /// An emptied pool still holds blocks or pages.
  case emptied = "emptied.pages"
  /// An emptied pool's counters do not say that it is empty.
  case emptiedCounters = "emptied.counters"
  /// An emptied pool cannot give a page again.
  case emptiedPage = "emptied.page"
  /// A run held more pages than are proved possible for what was live.
  case bound = "bound.pages"
  /// Misuse that must stop the kernel did not stop it in that way.
  case verdict = "verdict.stop"
  /// A refused misuse changed the pool.
  case verdictUnchanged = "verdict.unchanged"
  /// Misuse that leaves a visible trace was not noticed.
  case verdictNoticed = "verdict.noticed"
}
