import KernelPool
import PropertyTesting
import Testing

@testable import PoolDebugger

/// The grammar of `pooltag.txt` and what wins when several lines fit.
@Suite struct PoolTagDescriptionsTests {
  private func described(_ text: String, _ tag: PoolTag) -> TagDescription? {
    PoolTagFile(text.utf8).descriptions.description(of: tag)
  }

  @Test(arguments: [
    ("MmCm - nt!mm - contiguous", "contiguous", "nt!mm"),
    ("MmCm -  nt!mm      -   contiguous  ", "contiguous", "nt!mm"),
    ("MmCm\t-\tnt!mm\t-\tcontiguous", "contiguous", "nt!mm"),
    ("MmCm - <unknown> - contiguous", "contiguous", nil),
    ("MmCm - contiguous", "contiguous", nil),
    ("MmCm - contiguous pages - for drivers", "contiguous pages - for drivers", nil),
    ("MmCm - nt!store or other.sys - contiguous", "contiguous", "nt!store or other.sys"),
    ("MmCm- nt!mm - contiguous", "contiguous", "nt!mm"),
    ("MmCm - nt!mm - con-tiguous\r", "con-tiguous", "nt!mm"),
    ("// MmCm - no - no\nREM MmCm - no\nrem\nMmCm - nt!mm - contiguous", "contiguous", "nt!mm"),
    ("MmCm - nt!mm - contiguous\n       pages\n\t<unknown>", "contiguous pages", "nt!mm"),
    ("MmCm - nt!mm - contiguous\nMmCm - b.sys - second", "contiguous", "nt!mm"),
  ])
  func lines(_ line: String, _ text: String, _ binary: String?) {
    #expect(described(line, PoolTag("MmCm")) == TagDescription(text: text, binary: binary))
  }

  @Test func shortTagsAreOnesWithBlanks() {
    #expect(described("PX1 - ndproxy.sys - x", PoolTag("PX1"))?.binary == "ndproxy.sys")
    #expect(described("Fsb -  netio.sys    - x", PoolTag("Fsb"))?.binary == "netio.sys")
    #expect(described("Io - nt!io - x", PoolTag("Io"))?.binary == "nt!io")
    #expect(described("remx - a.sys - text", PoolTag("remx"))?.text == "text")
  }

  @Test func exactBeforeWildcards() {
    let file = "A* - a.sys - star\nAfd? - b.sys - one\nAf?? - c.sys - two\nAfdC - d.sys - exact"
    #expect(described(file, PoolTag("AfdC"))?.text == "exact")
    #expect(described(file, PoolTag("AfdX"))?.text == "one")
    #expect(described(file, PoolTag("AfYX"))?.text == "two")
    #expect(described(file, PoolTag("Axxx"))?.text == "star")
    #expect(described(file, PoolTag("Bxxx")) == nil)
    let protected = PoolTag(word: PoolTag("AfdC").word | PoolTag.protectedBit)
    #expect(described(file, protected)?.text == "exact")
  }

  @Test func linesThatFitNothingAreCounted() {
    let file = PoolTagFile("   lost\nno dash here\nToolong - a.sys - x\n-\nMmCm - ok\n".utf8)
    #expect(file.skippedLines == 4)
    #expect(file.descriptions.count == 1)
  }

  @Test func anyBytesAreRead() {
    var generator = SplitMix64(seed: 4572)
    let characters = Array("MmCm?* -\t\r\n/".utf8) + [0xFF, 0x00, 0xC3]
    for _ in 0..<200 {
      let bytes = (0..<300).map { _ in characters.randomElement(using: &generator) ?? 0 }
      let file = PoolTagFile(bytes)
      #expect(file.descriptions.count + file.skippedLines <= 300)
    }
  }

  @Test func theBuiltInListKnowsTheStory() {
    #expect(PoolTagDescriptions.builtIn.description(of: .contiguous)?.binary == "nt!mm")
    #expect(PoolTagDescriptions.builtIn.description(of: PoolTag("abcd")) == nil)
    #expect(PoolTagDescriptions.builtIn.count >= 40)
  }
}
