import KernelPool
import PoolTestSupport
import PoolWalk
import Testing

@testable import PoolDebugger

/// `!poolused` tables, compared with published layouts character for character.
@Suite struct PoolUsedPrinterTests {
  private func pool(_ profile: Profile) throws -> TestPool {
    var fixture = try TestPool(printed: profile, nonPagedPages: 64)
    for _ in 0..<3 { _ = try fixture.allocate(0xF10, tag: PoolTag("MmCm")) }
    let freed = try fixture.allocate(0x100, tag: PoolTag("AGP"))
    _ = try fixture.allocate(0x200, tag: PoolTag("AGP"))
    _ = try fixture.allocate(0x2000, .paged, tag: PoolTag("1MEM"))
    _ = try fixture.allocate(0x30, .paged, tag: PoolTag("AGP"))
    try fixture.free(freed)
    return fixture
  }

  @Test func narrowTable() throws {
    let fixture = try pool(.windows2003x86)
    #expect(
      try PoolUsedPrinter(fixture.view).text() == """
           Sorting by  Tag

          Pool Used:
                    NonPaged            Paged
         Tag    Allocs     Used    Allocs     Used
         1MEM        0        0         1     8192UNKNOWN pooltag '1MEM', please update pooltag.txt
         AGP         1      520         1       56UNKNOWN pooltag 'AGP ', please update pooltag.txt
         MmCm        3    11592         0        0Contiguous memory for drivers \
        (MmAllocateContiguousMemory) , Binary: nt!mm
         TOTAL           4    12112         2     8248

        """)
  }

  @Test func wideTableByNonPaged() throws {
    let fixture = try pool(.windows7x64)
    let description = "Contiguous memory for drivers (MmAllocateContiguousMemory) , Binary: nt!mm"
    #expect(
      try PoolUsedPrinter(fixture.view).text(flags: .byNonPaged) == """
         Sorting by NonPaged Pool Consumed

                       NonPaged                  Paged
         Tag     Allocs         Used     Allocs         Used

         MmCm         3        11616          0            0\t\(description)
         AGP          1          528          1           64\tUNKNOWN pooltag 'AGP ', please \
        update pooltag.txt
         1MEM         0            0          1         8192\tUNKNOWN pooltag '1MEM', please \
        update pooltag.txt

        TOTAL         4        12144          2         8256

        """)
  }

  @Test func verboseTable() throws {
    let fixture = try pool(.windows2003x86)
    #expect(
      try PoolUsedPrinter(fixture.view, descriptions: PoolTagDescriptions()).text(
        flags: [.verbose, .byPaged], tags: TagPattern("A*")) == """
             Sorting by Paged Pool Consumed

            Pool Used:
                      NonPaged            Paged
           Tag    Allocs    Frees     Diff     Used   Allocs    Frees     Diff     Used
           AGP         2        1        1      520        1        0        1       56\
          UNKNOWN pooltag 'AGP ', please update pooltag.txt
           TOTAL           2        1        1      520        1        0        1       56

          """)
  }

  @Test func aLimitShowsTheFirstAndCountsAll() throws {
    let fixture = try pool(.windows2003x86)
    let text = try PoolUsedPrinter(fixture.view).text(flags: .byNonPaged, limit: 1)
    #expect(text.contains(" MmCm "))
    #expect(!text.contains(" AGP "))
    #expect(text.hasSuffix(" TOTAL           4    12112         2     8248\n"))
  }

  @Test func flagsThatContradictAreRefused() throws {
    let fixture = try pool(.windows2003x86)
    let printer = PoolUsedPrinter(fixture.view)
    #expect(throws: PoolUsedFlags.Conflict.self) {
      try printer.text(flags: [.byNonPaged, .byPaged])
    }
    #expect(throws: PoolUsedFlags.Conflict.self) { try printer.text(flags: .session) }
  }

  @Test func patternsOfTags() {
    func fits(_ pattern: String, _ tag: PoolTag) -> Bool { TagPattern(pattern).matches(tag) }
    #expect(fits("Even", PoolTag("Even")))
    #expect(!fits("even", PoolTag("Even")))
    #expect(fits("Io", PoolTag("Io")))
    #expect(fits("M*", PoolTag("MmCm")))
    #expect(fits("*m", PoolTag("MmCm")))
    #expect(fits("M*C*", PoolTag("MmCm")))
    #expect(!fits("M*x*", PoolTag("MmCm")))
    #expect(fits("Mm??", PoolTag("MmSt")))
    #expect(!fits("Mm?", PoolTag("MmSt")))
    #expect(fits(String(repeating: "*", count: 10_000), PoolTag("MmSt")))
    #expect(!fits("", PoolTag("MmSt")))
  }

  @Test func aTableThatIsOverwrittenStillPrints() throws {
    var fixture = try pool(.windows2003x86)
    let table = fixture.view.variables.trackerTable
    try fixture.write([UInt8](repeating: 0xFF, count: 28 * 4), at: table)
    let text = try PoolUsedPrinter(fixture.view).text(flags: .verbose)
    #expect(text.contains(" .... 4294967295 4294967295        0 4294967295"))
  }
}
