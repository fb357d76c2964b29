import Testing

@testable import PoolDebugger

/// Every row of the table of bug checks, read as a text that has it.
@Suite struct BugCheckTableTests {
  private func report(_ text: String) -> InspectionReport {
    var inspection = Inspection()
    inspection.read(text: text, source: "text")
    return inspection.report()
  }

  /// A bug check as the debugger's line, with parameters that are addresses of either width.
  private func line(_ row: BugCheckMeaning, isWide: Bool) -> String {
    let base: UInt64 = isWide ? 0xFFFF_F800_0002_0010 : 0x8200_0010
    var parameters: [UInt64] = [base, base + 0x100, base + 0x200, base + 0x300]
    if let selector = row.selector {
      parameters[BugCheckMeaning.selectorIndex(of: row.code)] = selector
    }
    return "BugCheck \(String(row.code, radix: 16)), {"
      + parameters.map { String($0, radix: 16) }.joined(separator: ", ") + "}"
  }

  @Test func everyRowIsWholeAndThereOnce() {
    #expect(BugCheckMeaning.all.count > 100)
    var seen: Set<String> = []
    for row in BugCheckMeaning.all {
      let key = "\(row.code) \(row.selector.map { String($0) } ?? "any")"
      #expect(seen.insert(key).inserted, "\(key)")
      #expect(row.roles.count == 4 && !row.text.isEmpty && !row.next.isEmpty, "\(key)")
      #expect(BugCheckNames.name(of: row.code) != nil, "\(key)")
      let selects = row.roles.firstIndex(of: .selector)
      #expect(
        selects == (row.selector == nil ? nil : BugCheckMeaning.selectorIndex(of: row.code)),
        "\(key)")
    }
  }

  @Test func everyRowIsPutIntoWords() {
    for row in BugCheckMeaning.all {
      for isWide in [false, true] {
        let report = report(line(row, isWide: isWide))
        #expect(report.listings.count == 1 && report.warningCount == 0)
        let finding = report.listings.first?.findings.first
        #expect(finding?.text.contains(row.text) == true, "\(row.text)")
        let words =
          finding?.evidence.filter { $0.hasPrefix("P") && $0.dropFirst(2).hasPrefix(":") } ?? []
        let wanted = row.roles.filter { $0 != .selector }.count
        #expect(words.count == wanted, "\(row.code) \(row.text)")
        #expect(
          finding?.evidence.contains { $0.hasPrefix("next: ") && $0.contains("[Windows") } == true)
        #expect(report.outcome == (row.kind == .elsewhere ? .notJudged : .found))
      }
    }
  }

  /// Special pool serves small blocks that are overrun or used after their free, and nothing else.
  @Test func adviceFollowsTheMechanism() {
    for row in BugCheckMeaning.all {
      let advice = report(line(row, isWide: true)).diagnosis.map(\.guidance)
      let wantsSpecialPool = row.kind == .corruption
      #expect(advice.contains(.specialPool) == wantsSpecialPool, "\(row.code) \(row.text)")
      if row.kind == .leak { #expect(advice == [.countedLeak]) }
      if row.kind == .largeCorruption { #expect(advice == [.ownerStack]) }
    }
  }

  /// A minidump sets a high bit in some codes; an unknown selector claims nothing.
  @Test func codesOfMinidumpsAndUnknownSelectors() {
    #expect(
      report("BugCheck 1000000A, {fa808000, 2, 0, 804f9e43}").listings.first?.findings.first?
        .text.contains("IRQL_NOT_LESS_OR_EQUAL") == true)
    for code in [0x19, 0xC2, 0xC4, 0x13A] as [UInt64] {
      let unknown = report("BugCheck \(String(code, radix: 16)), {7777, ffff808ac4657900, 0, 0}")
      #expect(unknown.outcome == .notJudged && unknown.damaged.isEmpty)
      #expect(unknown.text.contains("is not published, so no cause is claimed"))
    }
  }

  @Test func theWindows2000HeaderIsTakenApart() {
    let fields = HeaderDword(0x0405_0002, .windows2000)
    #expect(fields.previousSizeBytes == 0x40 && fields.sizeBytes == 0x80 && fields.poolType == 5)
    let wide = HeaderDword(0x0449_4949, .x64)
    #expect(wide.implausibilities(at: nil).contains { $0.contains("index 73") })
    #expect(wide.implausibilities(at: nil).contains { $0.contains("3 of its bytes are 0x49") })
    #expect(HeaderDword(0x0209_0006, .x64).implausibilities(at: 0xFFFF_FA80_0002_EEE0).isEmpty)
    #expect(
      HeaderDword(0x0A23_002B, .x86).text.contains("previous size 0x158, pool index 0, size 0x118")
    )
  }
}
