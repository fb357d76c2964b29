import KernelPool

/// What a trace's first comments say of it: `# failure:`, `# mutant:`, `# target:`, `# replay:`.
///
/// They belong to the language: whoever replays the file plants the bug that it was recorded with,
/// looks for the failure that it shows, and never loads a target because a file names one. They are
/// read up to the first operation; of two lines of one name the first counts.
public struct TraceHeader: Equatable, Sendable {
  /// A value and where it stands.
  public struct Entry: Equatable, Sendable {
    /// What follows the name, without blanks around it.
    public let value: String
    /// The line, from 1 on.
    public let line: UInt64
  }

  /// The identity of the failure that the trace shows.
  public private(set) var failure: Entry?
  /// The planted bug of the model that it was found with.
  public private(set) var mutant: Entry?
  /// The allocator that it was recorded against, where that is not the model.
  public private(set) var target: Entry?
  /// The command that judges it, with `FILE` for its path.
  public private(set) var command: Entry?

  /// Says nothing.
  public init() {}

  private static let names:
    [(name: StaticString, place: WritableKeyPath<TraceHeader, Entry?> & Sendable)] = [
      ("failure:", \.failure), ("mutant:", \.mutant), ("target:", \.target),
      ("replay:", \.command),
    ]

  /// The planted bug that is named; nil where none is. Throws where there is no such bug.
  public func plantedBug() throws(TraceError) -> Mutant? {
    guard let mutant else { return nil }
    guard let bug = Mutant(rawValue: mutant.value) else {
      throw TraceError(
        line: mutant.line, column: 1,
        message: "expected the name of a planted bug, found '\(mutant.value)'")
    }
    return bug
  }

  /// Takes a comment line, whose `#` stands at `start`.
  mutating func read(_ text: UnsafeBufferPointer<UInt8>, at start: Int, line: UInt64) {
    var rest = text[(start + 1)...].drop(while: LineCursor.isBlank)
    for (name, place) in Self.names {
      let count = name.utf8CodeUnitCount
      guard self[keyPath: place] == nil, rest.count > count,
        rest.prefix(count).elementsEqual(
          UnsafeBufferPointer(start: name.utf8Start, count: count))
      else { continue }
      rest = rest.dropFirst(count).drop(while: LineCursor.isBlank)
      while let last = rest.last, LineCursor.isBlank(last) { rest.removeLast() }
      guard !rest.isEmpty else { return }
      self[keyPath: place] = Entry(value: String(decoding: rest, as: UTF8.self), line: line)
      return
    }
  }
}
