import KernelPool

/// A tag as debuggers print it.
public enum TagText {
  /// Four characters: bytes that cannot be printed become dots, trailing blanks stay, the mark of a
  /// protected block is taken off.
  public static func characters(_ tag: PoolTag) -> String {
    let bytes = tag.unprotected.bytes
    return String(
      decoding: [bytes.0, bytes.1, bytes.2, bytes.3].map { (0x20...0x7E).contains($0) ? $0 : 0x2E },
      as: UTF8.self)
  }
}
