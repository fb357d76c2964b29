/// What public guidance says about a verdict, in our words, with its source.
public struct Guidance: Sendable, Hashable {
  /// The advice.
  public let text: String
  /// Where it is published.
  public let source: String

  /// Memory that is taken again and again.
  public static let longLivedBuffers = Guidance(
    text: "Nonpaged pool breaks up as a system runs: let drivers take their long-lived buffers "
      + "once, when they start, instead of allocating and freeing them again and again.",
    source: "Windows driver documentation, Allocating System-Space Memory")

  static let pagedDifference = Guidance(
    text: "List some of its pages before calling it fragmentation: session allocations are "
      + "counted in tables of their own (!poolused 8).",
    source: "debugger documentation, !poolused")

  /// Small blocks that keep pages.
  static let pinning = Guidance(
    text: "A page goes back only when its last block is freed. Give small long-lived blocks a "
      + "home of their own (a lookaside list or a slab), away from large short-lived ones.",
    source: "ntdebugging, Pool Fragmentation (2009); Windows driver documentation, "
      + "Using Lookaside Lists")

  /// Requests of a little less than a page.
  public static let wholePages = Guidance(
    text: "Ask for a whole page instead of a little less: the remainder is lost, but no small "
      + "block can settle in it and keep the page. Contiguous memory (MmCm) is meant to be "
      + "allocated once and kept.",
    source: "ntdebugging, Pool Fragmentation (2009); driver reference, "
      + "MmAllocateContiguousMemory")

  static let largeTransfers = Guidance(
    text: "When the pool is fragmented, requests larger than its holes need fresh pages and may "
      + "fail: avoid large intermediate buffers, and keep those that are needed.",
    source: "Windows driver documentation, Using Buffered I/O")

  /// Blocks just over half of a page, or a third.
  public static let halfPages = Guidance(
    text: "A block never crosses a page, so one just over half a page leaves a rest that no "
      + "second one fits into: shrink it below half a page less its header, or pair it.",
    source: "driver reference, ExAllocatePoolWithTag")

  static let event2019 = Guidance(
    text: "Event 2019 of source Srv reports that nonpaged pool is empty; look for the tags that "
      + "hold it before it gets there.",
    source: "Microsoft support, events 2019 and 2020")

  static let event2020 = Guidance(
    text: "Event 2020 of source Srv reports that paged pool is empty; the system begins to trim "
      + "at 80 % of the maximum by default (PoolUsageMaximum).",
    source: "Microsoft support, KB312362")

  static let memoryShare = Guidance(
    text: "A nonpaged pool of a tenth of the machine's memory or more is a common alarm "
      + "threshold.",
    source: "PAL (Performance Analysis of Logs), nonpaged pool rule")

  static let leakHunt = Guidance(
    text: "Take two snapshots, find the tag that grows, find its driver (pooltag.txt, or search "
      + "the drivers for the four letters), then trace its allocations with stacks.",
    source: "debugger documentation, finding a kernel-mode memory leak; "
      + "Using PoolMon")

  /// One table is a state and no growth.
  static let secondTable = Guidance(
    text: "One table proves no leak: take a second after some minutes, with the same command "
      + "(poolmon /n FILE, or !poolused 2 and !poolused 4), and give both to inspect --before "
      + "FIRST --after SECOND --seconds N.",
    source: "debugger documentation, finding a kernel-mode memory leak; Using PoolMon")

  static let verifier = Guidance(
    text: "Let Driver Verifier track the driver's pool: it stops at unload while allocations "
      + "are left (0xC4, 0x62).",
    source: "Windows driver documentation, Pool Tracking")

  /// Buffers of one size that come and go.
  public static let lookaside = Guidance(
    text: "Buffers of one size that come and go belong in a lookaside list: its depth follows "
      + "the demand, and the pool's free lists stay out of it.",
    source: "Windows driver documentation, Using Lookaside Lists")

  /// Small blocks that are overrun or used after their free.
  static let specialPool = Guidance(
    text: "Run the suspect under special pool: each of its blocks below a page gets a page of its "
      + "own next to a guard page, and the overrun stops at the instruction that makes it. By "
      + "driver: verifier /flags 0x1 /driver x.sys; by tag: gflags /k +spp Tag1.",
    source: "Windows driver documentation, Special Pool")

  /// Allocations of a page and more.
  static let ownerStack = Guidance(
    text: "Special pool does not serve allocations of a page and more (only the owner's smaller "
      + "ones). Look at the stack and the source of the owner, and put guard bytes of its own "
      + "behind the buffer.",
    source: "Windows driver documentation, Special Pool")

  /// Calls that break a rule.
  static let callStack = Guidance(
    text: "The call itself is wrong: its stack names the caller. No tool against overruns helps "
      + "here.",
    source: "Windows debugger documentation, bug check reference")

  /// Special pool or a protection did its work.
  static let caught = Guidance(
    text: "The tool that finds it is on already: take the allocation's and the free's stacks from "
      + "the verifier's pool log (!verifier 80 ADDRESS).",
    source: "debugger documentation, !verifier")

  /// Bits that no program wrote.
  static let memoryTest = Guidance(
    text: "Test the memory, and turn on DMA protection, before suspecting a driver: nothing that "
      + "guards virtual addresses sees a device's write.",
    source: "Windows debugger documentation, bug checks 0x12B and 0xC1")

  /// A leak that the verifier has counted.
  static let countedLeak = Guidance(
    text: "The leak is exact: !verifier 3 DRIVER.sys lists each allocation with its caller. "
      + "Nothing is corrupt, so special pool does not help.",
    source: "Windows driver documentation, Pool Tracking")

  static let newerDebugger = Guidance(
    text: "Use a current debugger and a dump that holds the memory in question before drawing "
      + "conclusions.",
    source: "WinDbg issue reports on pools served by the segment heap")
}
