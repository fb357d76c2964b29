/// Other failures met while one is being reduced: found for nothing, and not to be lost.
public struct FailureLedger<Configuration: TraceConfiguration, Operation: SlotOperation>:
  Sendable
{
  /// One other failure.
  public struct Entry: Sendable {
    /// Which.
    public let identity: FailureIdentity
    /// The smallest trace seen to show it, cut after the failure.
    public internal(set) var trace: Trace<Configuration, Operation>
    /// How many candidates showed it.
    public internal(set) var seenCount: Int
  }

  /// In order of discovery.
  public private(set) var entries: [Entry] = []

  /// An empty ledger.
  public init() {}

  /// Notes a failure.
  public mutating func note(
    _ identity: FailureIdentity, _ trace: Trace<Configuration, Operation>
  ) {
    guard let index = entries.firstIndex(where: { $0.identity == identity }) else {
      entries.append(Entry(identity: identity, trace: trace, seenCount: 1))
      return
    }
    entries[index].seenCount += 1
    if TraceOrder.isSmaller(trace, than: entries[index].trace) { entries[index].trace = trace }
  }

  /// Takes over what another ledger holds.
  mutating func merge(_ other: Self) {
    for entry in other.entries {
      note(entry.identity, entry.trace)
      if let index = entries.firstIndex(where: { $0.identity == entry.identity }) {
        entries[index].seenCount += entry.seenCount - 1
      }
    }
  }
}
