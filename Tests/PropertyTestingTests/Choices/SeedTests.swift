import PropertyTesting
import Testing

@Suite struct SeedTests {
  @Test func acceptsTheThreeForms() throws {
    #expect(try Seed(parsing: "0").value == 0)
    #expect(try Seed(parsing: "18446744073709551615").value == .max)
    #expect(try Seed(parsing: "0xff").value == 255)
    #expect(try Seed(parsing: "0xFFFFFFFFFFFFFFFF").value == .max)
    let commit = "0123456789abcdef0123456789abcdef01234567"
    #expect(try Seed(parsing: commit).value == 0x0123_4567_89ab_cdef)
    let longCommit = "fedcba9876543210" + String(repeating: "0", count: 48)
    #expect(try Seed(parsing: longCommit).value == 0xfedc_ba98_7654_3210)
  }

  @Test(arguments: [
    "", "x", "-1", "+1", "0x", "0x+1", "0x10000000000000000", "18446744073709551616", "1 ",
    " 1", "12a", "g123456789abcdef0123456789abcdef01234567", "0x12g4", "١٢", "1_000",
  ])
  func refusesWhatIsNoSeed(text: String) {
    let error = #expect(throws: SeedError.self) { try Seed(parsing: text) }
    #expect(error?.text == text)
    #expect(error?.description.hasPrefix("'\(text)' is no seed") == true)
  }

  @Test func printedSeedsAreReadBack() throws {
    let seed = Seed(987_654_321)
    #expect(try Seed(parsing: seed.description) == seed)
  }
}
