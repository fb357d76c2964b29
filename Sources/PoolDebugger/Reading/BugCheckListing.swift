/// A bug check's code and parameters, in whatever form somebody pasted them.
public struct BugCheckListing: Sendable, Hashable {
  /// A line of the debugger's analysis that goes with it, `FAILURE_BUCKET_ID: ...` for example.
  public struct Field: Sendable, Hashable {
    /// The name in front of the colon.
    public var name: String
    /// What stands behind it.
    public var value: String
    /// The line it stands on, from 1.
    public var line: Int
  }

  /// The code, for example 0x19 (BAD_POOL_HEADER); nil where the text lacks it.
  public var code: UInt64?
  /// The code was told by the words beside the parameters, since the text lacks it.
  public var isCodeInferred = false
  /// The four parameters; nil where the text lacks one.
  public var parameters: [UInt64?] = [nil, nil, nil, nil]
  /// The pointer width that the digits show; nil when they do not tell.
  public var width: PointerWidth?
  /// The words that stand beside it (operating system, circumstances).
  public var remark = ""
  /// What the debugger's analysis says of it.
  public var fields: [Field] = []
  /// The stack at the bug check, the innermost frame first.
  public var frames: [StackFrame] = []
  /// The other lines on which the same bug check begins again, from 1.
  public var repeatedLines: [Int] = []

  /// A bug check of which nothing but the code is known yet.
  public init(code: UInt64?) { self.code = code }

  /// The value of the first field of this name.
  public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// Notes a parameter; false where the text gave another value before.
  mutating func note(_ value: UInt64, at index: Int, digits: Int) -> Bool {
    if value > 0xFFFF_FFFF || digits > 8 {
      width = .bits64
    } else if value >= 0x8000_0000, width == nil {
      width = .bits32
    }
    guard let known = parameters[index] else {
      parameters[index] = value
      return true
    }
    return known == value
  }

  /// True where both may be the same event: the codes agree and no parameter differs.
  func agrees(with other: BugCheckListing) -> Bool {
    if let code, let theirs = other.code, code != theirs { return false }
    let pairs = zip(parameters, other.parameters)
    if pairs.contains(where: { $0 != nil && $1 != nil && $0 != $1 }) { return false }
    return code == other.code || pairs.contains { $0 != nil && $0 == $1 }
  }

  /// Takes over what the other one knows more.
  mutating func merge(_ other: BugCheckListing, line: Int) {
    if code == nil || (isCodeInferred && !other.isCodeInferred && other.code != nil) {
      code = other.code ?? code
      isCodeInferred = other.isCodeInferred
    }
    for (index, value) in other.parameters.enumerated() where parameters[index] == nil {
      parameters[index] = value
    }
    if other.width == .bits64 || width == nil { width = other.width ?? width }
    if remark.isEmpty { remark = other.remark }
    for field in other.fields where !fields.contains(where: { $0.name == field.name }) {
      fields.append(field)
    }
    if frames.isEmpty { frames = other.frames }
    repeatedLines += [line] + other.repeatedLines
  }

  /// Joins the bug checks among the listings that are the same event, however often they were
  /// pasted.
  static func mergeRepeated(_ listings: inout [Listing]) {
    var firsts: [Int] = []
    var repeated: Set<Int> = []
    for (index, listing) in listings.enumerated() {
      guard case .bugCheck(let check) = listing.content else { continue }
      let same = firsts.first { first in
        guard case .bugCheck(let known) = listings[first].content else { return false }
        return known.agrees(with: check)
      }
      guard let same, case .bugCheck(var known) = listings[same].content else {
        if firsts.count < mostDistinct { firsts.append(index) }
        continue
      }
      known.merge(check, line: listing.line)
      listings[same].content = .bugCheck(known)
      repeated.insert(index)
    }
    guard !repeated.isEmpty else { return }
    listings = listings.enumerated().filter { !repeated.contains($0.offset) }.map(\.element)
  }

  /// So many different ones are compared with each other.
  private static let mostDistinct = 256
}

/// An entry of the event log that says that a pool was empty: 2019 and 2020 of source Srv.
public struct PoolEmptyEvent: Sendable, Hashable {
  /// Paged (2020) or not (2019).
  public var isPaged: Bool
}
