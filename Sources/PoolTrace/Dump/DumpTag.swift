import KernelPool

extension PoolTag {
  /// The tag as state dumps print it: quoted if it holds a blank, `0` for zero, `*` where a byte
  /// cannot be printed.
  public var dumpText: String {
    if word == 0 { return "0" }
    let (first, second, third, fourth) = bytes
    let characters = [first, second, third, fourth]
    guard characters.allSatisfy({ (0x20...0x7E).contains($0) }) else { return "*" }
    let text = String(decoding: characters, as: UTF8.self)
    return text.contains(" ") ? "'\(text)'" : text
  }
}
