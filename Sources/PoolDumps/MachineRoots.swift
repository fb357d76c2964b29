import KernelPool
import PoolTrace

/// The roots of a model's machine that no debugger's block of its version names: lookaside lists,
/// single-page lists, the session's descriptors, the marks of page frames.
///
/// A debugger finds them with symbols. A dump that is written has them in a text of its own, whose
/// place the header's comment tells, so that whoever opens it sees the machine as its model does.
struct MachineRoots {
  var configuration: TraceConfiguration
  var variables = KernelVariablesByName()
  var descriptors: [DescriptorRoot] = []
  /// By the index of `PoolView.lookaside(at:)`; lists that were never used are left out.
  var lookasides: [(index: Int, list: LookasideList)] = []
  /// The ranges of pages, and where the marks of their frames lie, a byte a page.
  var ranges: [(range: PoolImage.Range, marks: UInt64)] = []

  /// The most bytes of the text.
  static let mostBytes = 1 << 20
  /// The most pages of one range: 256 GiB.
  static let mostPages: UInt64 = 1 << 26
  private static let title = "poolfuzz machine 1"
  private static let comment = "roots of the model:"

  // MARK: Writing

  var text: String {
    var lines = [Self.title, configuration.line(.differences)]
    lines += variables.words.map { "variable \($0.name) \(String($0.word, radix: 16))" }
    lines += descriptors.map { root in
      "descriptor \(root.kind.rawValue) \(root.index) "
        + Self.hexadecimal(root.address, root.listHeads)
    }
    lines += lookasides.map { index, list in
      "lookaside \(index) "
        + Self.hexadecimal(list.top, UInt64(list.count), UInt64(list.depth))
    }
    lines += ranges.map { range, marks in
      "range \(range.kind.map { String($0.rawValue) } ?? "-") \(range.hasFrames ? 1 : 0) "
        + Self.hexadecimal(range.base, range.byteCount, marks)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func hexadecimal(_ words: UInt64...) -> String {
    words.map { String($0, radix: 16) }.joined(separator: " ")
  }

  /// What a dump's header says of the text.
  static func comment(_ address: UInt64, byteCount: Int) -> String {
    "\(comment) \(String(address, radix: 16)) \(String(byteCount, radix: 16))"
  }

  // MARK: Reading

  /// Where a header's comment says that the text lies.
  static func place(in comment: String?) -> (address: UInt64, byteCount: Int)? {
    guard let comment, comment.hasPrefix(Self.comment) else { return nil }
    let words = comment.dropFirst(Self.comment.count).split(separator: " ")
    guard words.count == 2, let address = UInt64(words[0], radix: 16),
      let count = Int(words[1], radix: 16), count > 0, count <= mostBytes
    else { return nil }
    return (address, count)
  }

  init(_ configuration: TraceConfiguration) { self.configuration = configuration }

  /// Nil where the text is none of ours, or damaged.
  init?(_ text: String) {
    var lines = text.split(separator: "\n")[...]
    guard lines.popFirst() == Self.title[...], let config = lines.popFirst() else { return nil }
    var parser = TraceParser(String(config) + "\n")
    guard case .operation(.config(let configuration)) = parser.next(),
      configuration.problem == nil
    else { return nil }
    self.configuration = configuration
    for line in lines {
      let words = line.split(separator: " ")
      guard read(words) else { return nil }
    }
    guard descriptors.contains(where: { $0.kind == .nonPaged }), !ranges.isEmpty else { return nil }
  }

  private mutating func read(_ words: [Substring]) -> Bool {
    func hexadecimal(_ index: Int) -> UInt64? {
      index < words.count ? UInt64(words[index], radix: 16) : nil
    }
    switch words.first {
    case "variable":
      guard words.count == 3, let word = hexadecimal(2) else { return false }
      return variables.set(String(words[1]), word)
    case "descriptor":
      guard words.count == 5, let kind = UInt8(words[1]).flatMap(PoolKind.init(rawValue:)),
        let index = UInt32(words[2]), let address = hexadecimal(3), let heads = hexadecimal(4),
        descriptors.count < 64
      else { return false }
      descriptors.append(
        DescriptorRoot(kind: kind, index: index, address: address, listHeads: heads))
    case "lookaside":
      guard words.count == 5, let index = Int(words[1]), let top = hexadecimal(2),
        let count = hexadecimal(3), let depth = hexadecimal(4)
      else { return false }
      var list = LookasideList(depth: UInt16(truncatingIfNeeded: depth))
      list.top = top
      list.count = UInt16(truncatingIfNeeded: count)
      lookasides.append((index, list))
    case "range":
      guard words.count == 6, let base = hexadecimal(3), let bytes = hexadecimal(4),
        let marks = hexadecimal(5), bytes >> 12 <= Self.mostPages, base & 0xFFF == 0,
        bytes > 0, base <= UInt64.max - bytes, ranges.count < 64
      else { return false }
      let kind = UInt8(words[1]).flatMap(PoolKind.init(rawValue:))
      let range = PoolImage.Range(
        base: base, byteCount: (bytes + 0xFFF) & ~0xFFF, kind: kind, hasFrames: words[2] == "1")
      ranges.append((range, marks))
    default: return false
    }
    return true
  }
}

/// The kernel's variables that a walk over its pools starts from, by name.
struct KernelVariablesByName {
  private(set) var words: [(name: String, word: UInt64)] = []

  private static var paths: [(name: String, path: WritableKeyPath<KernelVariables, UInt64>)] {
    [
      ("tag-table", \.trackerTable), ("tag-rows", \.trackerRows), ("big-table", \.bigTable),
      ("big-entries", \.bigTableEntries), ("maximum-pages", \.maximumPages),
      ("expansion-pages", \.expansionPages), ("expansion-used", \.expansionUsed),
      ("available-pages", \.availablePages), ("paged-base", \.pagedBitmap.base),
      ("paged-pages", \.pagedBitmap.pages), ("session-base", \.sessionBitmap.base),
      ("session-pages", \.sessionBitmap.pages),
      ("kept-one", \.singlePageLists.nonPaged.0.top),
      ("kept-two", \.singlePageLists.nonPaged.1.top),
      ("kept-three", \.singlePageLists.nonPaged.2.top),
      ("kept-paged", \.singlePageLists.paged.top),
      ("kept-session", \.singlePageLists.session.top), ("quota-cookie", \.quotaCookie),
    ]
  }

  init() {}

  /// Those of a machine.
  init(_ variables: KernelVariables) {
    words = Self.paths.map { ($0.name, variables[keyPath: $0.path]) }
  }

  /// False where there is no such variable.
  mutating func set(_ name: String, _ word: UInt64) -> Bool {
    guard Self.paths.contains(where: { $0.name == name }) else { return false }
    words.append((name, word))
    return true
  }

  /// What a variable was set to last.
  subscript(name: String) -> UInt64? { words.last { $0.name == name }?.word }

  /// Puts them in.
  func apply(to variables: inout KernelVariables) {
    for (name, word) in words {
      guard let path = Self.paths.first(where: { $0.name == name })?.path else { continue }
      variables[keyPath: path] = word
    }
  }
}
