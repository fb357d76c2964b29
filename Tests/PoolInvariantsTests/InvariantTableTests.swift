import PoolInvariants
import Testing

@Suite("The table of invariants")
struct InvariantTableTests {
  @Test("every invariant has one row, with a statement and a source")
  func everyInvariantHasARow() {
    #expect(Invariant.table.map(\.invariant) == Invariant.allCases)
    for row in Invariant.table {
      #expect(row.statement.hasSuffix("."), "\(row.invariant)")
      #expect(!row.source.isEmpty, "\(row.invariant)")
      #expect(row.invariant.row.statement == row.statement)
    }
  }

  @Test("names are a family and a rule, and are found again")
  func namesAreStable() {
    for invariant in Invariant.allCases {
      let parts = invariant.rawValue.split(separator: ".")
      #expect(parts.count == 2, "\(invariant.rawValue)")
      #expect(invariant.family == parts[0])
      #expect(Invariant.named(invariant.rawValue) == invariant)
    }
    #expect(Invariant.named("header.no-such-rule") == nil)
  }

  @Test("a violation prints its name, its address and both values")
  func violationsPrint() {
    let violation = Violation(.listSize, at: 0x1234, expected: 5, found: 255, "units of a block")
    #expect(
      violation.description
        == "list.size at 0x1234: units of a block: expected 0x5, found 0xff")
  }
}
