import JSONLines
import FragmentationSearch
import PoolBounds
import PoolOracles
import PoolTrace

/// How much of what is proved possible a replay came to, for people and for programs.
struct BoundShare {
  private let parts: Result<[ReplayBound.Part], ReplayBound.Gap>
  private let peakPages: UInt64

  /// The share of a replay that has ended.
  init(_ session: borrowing ReplaySession) {
    peakPages = session.usage.peakPagesHeld
    parts =
      session.firstCorruptOperation != nil
      ? .failure(.broken)
      : ReplayBound(session.replayer.configuration.pool, session.view).parts(session.usage)
  }

  /// The bound in pages; nil where none covers the replay.
  var pages: UInt64? {
    guard case .success(let parts) = parts else { return nil }
    return parts.reduce(0) { $0 + UInt64($1.bound.pages) }
  }

  /// The most pages held over the bound; nil where there is none, 0 where nothing was held.
  var share: Double? {
    pages.map { $0 == 0 ? 0 : Double(peakPages) / Double($0) }
  }

  /// The values for a table of metrics: text, or a dash where no bound covers the replay.
  var rows: [(name: String, value: String)] {
    [
      ("proved_bound_pages", pages.map { String($0) } ?? "-"),
      ("share_of_bound", share.map { MetricValue.ratio($0).text } ?? "-"),
    ]
  }

  /// Which proofs the number is from, or why there is none.
  var note: String {
    switch parts {
    case .failure(let gap): return "no bound is proved: \(gap)"
    case .success(let parts):
      guard !parts.isEmpty else { return "no bound is needed: nothing was allocated" }
      let proofs = parts.map {
        "\($0.family.rawValue): \($0.bound.proof.rawValue) at \(counted($0.capBytes, "byte"))"
      }
      return "proved bound of " + proofs.joined(separator: ", ")
    }
  }

  /// Lines of a name, a blank and a value, then the note.
  var text: String {
    rows.map { "\($0.name) \($0.value)\n" }.joined() + "# \(note)\n"
  }

  /// An object with the bound, the share and each pool's proof, or with the reason.
  var json: JSONValue {
    var members: [(String, JSONValue)] = [
      ("pages", pages.map(JSONValue.unsigned) ?? .null),
      ("share", share.map(JSONValue.number) ?? .null),
    ]
    switch parts {
    case .failure(let gap): members.append(("reason", .string(gap.description)))
    case .success(let parts):
      members.append(
        (
          "proofs",
          .array(
            parts.map { part in
              .object([
                ("pool", .string(part.family.rawValue)),
                ("proof", .string(part.bound.proof.rawValue)),
                ("pages", .integer(Int64(part.bound.pages))),
                ("peak_live_bytes", .unsigned(part.capBytes)),
              ])
            })
        ))
    }
    return .object(members)
  }
}
