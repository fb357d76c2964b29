import KernelPool
import Testing

@testable import PoolTrace

/// The table of keys is complete, and every key reads what it prints.
@Suite struct ConfigurationKeyTests {
  /// A value other than the default for each key, for the default profile.
  private static let others: [String: String] = [
    "nonpaged_pages": "7", "max_nonpaged_pages": "600", "paged_pages": "8",
    "session_pages": "9", "contiguous_pages": "10", "expansion": "orig", "avail": "0",
    "slist": "0", "slist_paged": "65535", "nonpaged_base": "0x83000000",
    "expansion_base": "adjacent", "paged_base": "0xe2000000", "session_base": "0xbd000000",
    "contiguous_base": "0xf6000000", "descriptor_base": "0x80600000",
    "bitmap_base": "0xb9000000", "system_base": "0x0", "lookaside": "dynamic:3",
    "shared": "none", "lookaside_start": "5", "lookaside_maximum": "6",
    "lookaside_classes": "64", "session_lookaside_classes": "4", "tracker": "128",
    "bigtable": "256", "paged_pools": "2", "processors": "64", "init": "none", "fill": "off",
    "asserts": "1", "page_bytes": "64", "unit_bytes": "16", "pointer_bytes": "8",
    "header": "x64", "smallest_block_units": "3", "smallest_listed_units": "4",
    "small_request_limit": "100", "first_list": "above", "remainder_end": "head",
    "freed_end": "tail", "stored_pool_type": "or-two", "link_encoding": "low-bit",
    "checks": "neighbour", "tag_check": "never", "must_succeed": "bugcheck-on-failure",
    "entry_checks": "all", "pool_index": "stale", "double_free_check": "none",
    "cache_alignment": "second-header", "quota_pointer": "header", "deferred": "on",
    "deferred_limit": "16", "deferred_type": "free", "large_tail": "fragment",
    "untracked_large_free": "silent", "big_table_resizing": "fixed", "big_entry_bytes": "32",
    "nonpaged_allocator": "bitmap", "single_list_pages": "3", "bitmap_search": "before-limit",
    "page_count_bits": "32", "page_offset_bits": "32", "page_table_entries": "512",
    "page_frame_flags_offset": "16", "descriptor": "windows-7-x86",
    "round_robin": "use-then-advance", "session_pool": "off", "no_execute_pool": "on",
    "large_quota": "charged", "contiguous_request": "whole-pages", "lookaside_links": "cookie",
    "miss_ratio_unit": "per-mille", "page_counters": "not-kept",
    "large_byte_count": "requested", "tracker_row_bytes": "40",
    "tracker_overflow": "untracked", "special_pool": "Test", "special_pool_end": "head",
    "special_pool_pages": "16",
  ]

  /// Keys whose enumeration has one value so far.
  private static let unchangeable: Set<String> = ["fragment_release"]

  @Test func namesAreUnique() {
    let names = ConfigurationKey.all.map { $0.name } + ["format", "profile"]
    #expect(Set(names).count == names.count)
    for name in names {
      #expect(name.utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) }, "\(name)")
    }
  }

  @Test func everyKeyChangesOneThingAndPrintsIt() throws {
    for key in ConfigurationKey.all where !Self.unchangeable.contains(key.name) {
      let other = try #require(Self.others[key.name], "\(key.name)")
      var configuration = TraceConfiguration()
      #expect(key.read(other, &configuration), "\(key.name)")
      #expect(configuration != TraceConfiguration(), "\(key.name)")
      #expect(key.value(in: configuration) == other)
      let changed = ConfigurationKey.all.filter {
        $0.value(in: configuration) != $0.value(in: TraceConfiguration())
      }
      #expect(changed.map { $0.name } == [key.name])
      #expect(!key.purpose.isEmpty && !key.values.isEmpty)
    }
    #expect(Self.others.count + Self.unchangeable.count == ConfigurationKey.all.count)
  }

  @Test func everyKeyReadsWhatItPrintsForEveryProfile() {
    for profile in Profile.all {
      let original = TraceConfiguration(profile: profile)
      for key in ConfigurationKey.all {
        var copy = original
        #expect(key.read(key.value(in: original), &copy), "\(profile.name) \(key.name)")
        #expect(copy == original, "\(profile.name) \(key.name)")
      }
    }
  }

  @Test func everyKeyRefusesNonsense() {
    for key in ConfigurationKey.all {
      for nonsense in ["", "nonsense", "-1", "1.5", "99999999999999999999999"] {
        var copy = TraceConfiguration()
        #expect(!key.read(nonsense, &copy), "\(key.name)=\(nonsense)")
        #expect(copy == TraceConfiguration())
      }
    }
  }

  /// Every stored fact of a profile and of a machine can be set by a key: no fact is forgotten
  /// when a new one is added.
  @Test func everyFactHasAKey() {
    var changed: Set<String> = []
    let before = Self.facts(TraceConfiguration())
    for key in ConfigurationKey.all {
      var configuration = TraceConfiguration()
      _ = key.read(Self.others[key.name] ?? "", &configuration)
      for (name, text) in Self.facts(configuration) where before[name] != text {
        changed.insert(name)
      }
    }
    // The names are not facts; `fragmentRelease` has one value so far.
    let exceptions: Set<String> = ["profile.name", "profile.fragmentRelease"]
    #expect(Set(before.keys).subtracting(changed) == exceptions)
  }

  private static func facts(_ configuration: TraceConfiguration) -> [String: String] {
    var facts: [String: String] = [:]
    for child in Mirror(reflecting: configuration.pool).children where child.label != "profile" {
      facts["pool.\(child.label ?? "")"] = "\(child.value)"
    }
    for child in Mirror(reflecting: configuration.pool.profile).children {
      facts["profile.\(child.label ?? "")"] = "\(child.value)"
    }
    for child in Mirror(reflecting: configuration).children where child.label != "pool" {
      facts["trace.\(child.label ?? "")"] = "\(child.value)"
    }
    return facts
  }
}
