import KernelPool
import PoolWalk

/// The line of one block in a `!pool` listing.
struct PrintedBlockLine {
  let text: String

  /// - Parameters:
  ///   - block: the block.
  ///   - isMarked: whether it contains the address that was asked for.
  ///   - digits: digits of an address.
  init(_ block: PoolBlock, isMarked: Bool, digits: Int) {
    let mark = isMarked ? "*" : " "
    let tag = block.header.tag
    let isInUse = block.state == .allocated || block.state == .fragment
    var line = mark + Columns.zeroPadded(block.address, digits: digits)
    line += " size: " + Columns.hexadecimal(block.byteCount, 4)
    line += " previous size: " + Columns.hexadecimal(block.previousByteCount, 4)
    line += "  " + Self.state(block.state) + mark + TagText.characters(tag)
    if block.process != 0 {
      line += " Process: " + Columns.zeroPadded(block.process, digits: digits)
    }
    if isInUse, tag.isProtected { line += " (Protected)" }
    text = line
  }

  /// The state with the blanks that published listings have behind each of the three.
  private static func state(_ state: BlockState) -> String {
    switch state {
    case .allocated, .fragment: "(Allocated) "
    case .free, .orphan: "(Free)      "
    case .lookaside, .deferred: "(Free ) "
    }
  }
}
