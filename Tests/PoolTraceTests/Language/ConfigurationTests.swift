import KernelPool
import Testing

@testable import PoolTrace

/// Configuration lines: the table of keys, the profile first, and reading back what is printed.
@Suite struct ConfigurationTests {
  private func read(_ line: String) throws -> TraceConfiguration {
    let operations = try TraceParser.operations(in: line)
    guard case .config(let configuration)? = operations.first else {
      throw TraceError(line: 1, column: 1, message: "no configuration")
    }
    return configuration
  }

  @Test func defaultsAreThoseOfTheLanguage() throws {
    let configuration = try read("config")
    #expect(configuration == TraceConfiguration())
    #expect(configuration.pool.profile == .windows2003x86)
    #expect(configuration.pool.nonPagedPages == 512)
    #expect(configuration.pool.pagedPages == 1024)
    #expect(configuration.fill == .on)
    #expect(configuration.assertions == .ignored)
    #expect(configuration.pool.initialisation == .kernel)
  }

  @Test func theOrderOfKeysHasNoMeaning() throws {
    let forward = try read(
      "config profile=reactos-x64 deferred=on lookaside=3 nonpaged_base=0x1000")
    let backward = try read(
      "config nonpaged_base=0x1000 lookaside=3 deferred=on profile=reactos-x64")
    #expect(forward == backward)
    #expect(forward.pool.profile.nonPagedBase == 0x1000)
    #expect(forward.pool.profile.deferredFrees)
  }

  @Test func basesAreTheProfilesOwn() throws {
    for profile in Profile.all {
      let configuration = try read("config profile=\(profile.name)")
      #expect(configuration.pool.profile == profile)
      #expect(configuration.problem == nil)
    }
  }

  @Test func lookasideForms() throws {
    let forms: [(String, UInt16?, LookasideDepthRule)] = [
      ("0", 0, .fixed), ("8", 8, .fixed), ("fixed", nil, .fixed), ("dynamic", nil, .missRatio),
      ("dynamic:6", 6, .missRatio),
    ]
    for (text, depth, rule) in forms {
      let configuration = try read("config lookaside=\(text)")
      #expect(configuration.pool.lookasideDepth == depth)
      #expect(configuration.pool.profile.lookasideDepthRule == rule)
    }
  }

  @Test func sharedForms() throws {
    #expect(try read("config shared=1").pool.profile.sharedLookaside == .sameList)
    #expect(
      try read("config shared=0 profile=windows-7-x64").pool.profile.sharedLookaside == .separate)
    #expect(try read("config profile=windows-7-x64").pool.profile.sharedLookaside == .none)
  }

  @Test func effectiveValuesAreSpelledOutAndReadBack() throws {
    for profile in Profile.all {
      let effective = try read("config profile=\(profile.name) slist=8").effective
      let line = effective.line(.everything)
      #expect(try read(line) == effective)
      #expect(line.contains(" slist_paged=8 "))
      #expect(line.contains(" max_nonpaged_pages=512 "))
      #expect(line.contains(" lookaside=\(profile.lookasideDepth) "))
      #expect(line.contains(" tracker=2048 "))
      #expect(line.contains(" small_request_limit=\(profile.largestSmallRequest) "))
    }
  }

  @Test func onlyDifferencesAreWritten() throws {
    let configuration = try read("config profile=reactos-x86 lookaside=0 fill=off slist=4")
    #expect(
      configuration.line(.differences)
        == "config format=1 profile=reactos-x86 lookaside=0 fill=off")
  }

  @Test func smallPagesAreConfigurations() throws {
    for bytes in [64, 128, 256, 512, 1024, 2048, 4096] {
      for profile in ["windows-2003-x86", "reactos-x64"] {
        let configuration = try read("config page_bytes=\(bytes) profile=\(profile)")
        #expect(configuration.pool.profile.pageBytes == UInt64(bytes))
      }
    }
  }

  @Test func aRegionOfSixteenGigabytesIsAConfiguration() throws {
    let pages = 16 << 18
    for profile in ["windows-2003-x64", "windows-7-x64"] {
      #expect(throws: Never.self) { try read("config profile=\(profile) nonpaged_pages=\(pages)") }
    }
  }
}
