import KernelPool
import PoolTrace

/// One `--resize TAG:FROM=TO`: requests of a tag for FROM bytes become requests for TO.
struct RequestResize {
  /// The tag.
  let tag: PoolTag
  /// Bytes that are asked for.
  let from: UInt64
  /// Bytes that are asked for instead.
  let to: UInt64

  /// Reads `TAG:FROM=TO`; the tag as in a trace, the numbers decimal or `0x` hexadecimal.
  init(_ text: String) throws(CommandFailure) {
    guard let resize = Self.read(text) else {
      throw .usage("--resize is TAG:FROM=TO, as in 'MmCm:0xf10=0x1000', not '\(text)'")
    }
    self = resize
  }

  /// Requests of `tag` for `from` bytes become requests for `to`.
  init(tag: PoolTag, from: UInt64, to: UInt64) {
    (self.tag, self.from, self.to) = (tag, from, to)
  }

  private static func read(_ text: String) -> RequestResize? {
    guard let colon = text.lastIndex(of: ":"),
      let tag = PoolTag.read(String(text[..<colon]))
    else { return nil }
    let sizes = text[text.index(after: colon)...].split(
      separator: "=", omittingEmptySubsequences: false)
    guard sizes.count == 2, let from = ParsedArguments.number(String(sizes[0])),
      let to = ParsedArguments.number(String(sizes[1]))
    else { return nil }
    return RequestResize(tag: tag, from: from, to: to)
  }
}

extension PoolTag {
  /// The tag that a word of a command line writes, spelled as in a trace; nil where it is none.
  static func read(_ text: String) -> PoolTag? {
    // The language's parser is the one place that knows how tags are spelled.
    var parser = TraceParser("free a \(text)")
    guard case .operation(.free(_, let tag?)) = parser.next(), case .finished = parser.next()
    else { return nil }
    return tag
  }
}
