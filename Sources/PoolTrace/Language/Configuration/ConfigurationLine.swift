import KernelPool

extension LineCursor {
  /// One `KEY=VALUE`.
  private struct Setting {
    var offset: Int
    var key: String
    var value: String
    var valueOffset: Int { offset + key.utf8.count + 1 }
  }

  /// The settings that fill the rest of a `config` line.
  ///
  /// They are applied in the table's order, `profile` first, so that the order on the line has no
  /// meaning.
  mutating func configuration() throws(LineFailure) -> TraceConfiguration {
    let settings = try settings()
    try checkFormat(settings)
    var configuration = try profile(settings)
    try checkKeys(settings)
    for key in ConfigurationKey.all {
      guard let setting = settings.first(where: { $0.key == key.name }) else { continue }
      guard key.read(setting.value, &configuration) else {
        throw failure("\(key.values) for \(key.name)", at: setting.valueOffset)
      }
    }
    if let problem = configuration.problem {
      let culprits = problem.keys.compactMap { key in settings.first { $0.key == key } }
      throw failure(problem.expected, at: culprits.first?.offset ?? 0)
    }
    return configuration
  }

  private mutating func settings() throws(LineFailure) -> [Setting] {
    var settings: [Setting] = []
    while moveToField() {
      let start = position
      let text = field()
      guard let equals = text.firstIndex(of: UInt8(ascii: "=")), equals > 0,
        text.allSatisfy({ (0x21...0x7E).contains($0) })
      else { throw failure("KEY=VALUE", at: start) }
      let key = String(decoding: text[..<equals], as: UTF8.self)
      // More settings than keys hold a repeated or an unknown one; stopping here bounds the work.
      let mostSettings = ConfigurationKey.all.count + 2
      guard settings.count < mostSettings, !settings.contains(where: { $0.key == key }) else {
        throw failure("each key once", at: start)
      }
      settings.append(
        Setting(
          offset: start, key: key,
          value: String(decoding: text[(equals + 1)...], as: UTF8.self)))
    }
    return settings
  }

  private func checkFormat(_ settings: [Setting]) throws(LineFailure) {
    guard let setting = settings.first(where: { $0.key == "format" }) else { return }
    guard let version = ConfigurationKey.number(setting.value), version > 0 else {
      throw failure("the version of the language", at: setting.valueOffset)
    }
    guard version <= TraceConfiguration.formatVersion else {
      throw failure(
        "a trace of format \(TraceConfiguration.formatVersion) (this one is newer)",
        at: setting.valueOffset)
    }
  }

  private func profile(_ settings: [Setting]) throws(LineFailure) -> TraceConfiguration {
    guard let setting = settings.first(where: { $0.key == "profile" }) else {
      return TraceConfiguration()
    }
    guard let profile = Profile.named(setting.value) else {
      let names = Profile.all.map { $0.name }
      throw failure(
        "one of the profiles \(names.joined(separator: ", "))", at: setting.valueOffset,
        among: names)
    }
    return TraceConfiguration(profile: profile)
  }

  private func checkKeys(_ settings: [Setting]) throws(LineFailure) {
    for setting in settings where setting.key != "format" && setting.key != "profile" {
      guard ConfigurationKey.all.contains(where: { $0.name == setting.key }) else {
        let names = ["format", "profile"] + ConfigurationKey.all.map(\.name)
        throw failure("a configuration key", at: setting.offset, among: names)
      }
    }
  }
}

extension TraceConfiguration {
  /// Which keys a printed configuration names.
  public enum Extent: Sendable {
    /// Those whose values differ from the profile's defaults: what a trace file needs.
    case differences
    /// All of them: what a user wants to see.
    case everything
  }

  /// The configuration as a `config` line, which re-reads to an equal one; no line end.
  ///
  /// The profile's name must be one of the known; its facts may be overridden.
  public func line(_ extent: Extent) -> String {
    let profile = pool.profile.name
    let defaults = TraceConfiguration(profile: Profile.named(profile) ?? pool.profile)
    var fields = ["config", "format=\(TraceConfiguration.formatVersion)", "profile=\(profile)"]
    for key in ConfigurationKey.all {
      let text = key.value(in: self)
      if extent == .everything || text != key.value(in: defaults) {
        fields.append("\(key.name)=\(text)")
      }
    }
    return fields.joined(separator: " ")
  }

  /// The same machine with every value that follows from another one spelled out: what
  /// `--show-config` prints.
  public var effective: TraceConfiguration {
    var result = self
    result.pool.maximumNonPagedPages = pool.nonPagedLimit
    result.pool.pagedSinglePageDepth = pool.pagedSinglePageDepth ?? pool.singlePageDepth
    result.pool.lookasideDepth = pool.lookasideDepth ?? pool.profile.lookasideDepth
    result.pool.profile.smallRequestLimit = pool.profile.largestSmallRequest
    if pool.trackerEntries == 0 { result.pool.trackerEntries = 2048 }
    if pool.bigTableEntries == 0 { result.pool.bigTableEntries = 4096 }
    return result
  }
}

extension ConfigurationKey {
  /// `lookaside` sets two facts, whether depths change and where they start, so that no order of
  /// keys can set one without the other.
  static let lookaside = ConfigurationKey(
    name: "lookaside", purpose: "depth of every lookaside list",
    values: "0...65535, fixed (at the profile's depth), dynamic or dynamic:N",
    samples: ["fixed", "dynamic", "dynamic:0", "dynamic:3", "0", "1", "17"],
    read: { text, configuration in
      guard let (depth, rule) = LookasideDepths.read(text) else { return false }
      configuration.pool.lookasideDepth = depth
      configuration.pool.profile.lookasideDepthRule = rule
      return true
    },
    print: { configuration in
      LookasideDepths.text(
        configuration.pool.lookasideDepth, configuration.pool.profile.lookasideDepthRule)
    })
}

/// The four forms of the value of `lookaside`.
private enum LookasideDepths {
  static func read(_ text: String) -> (UInt16?, LookasideDepthRule)? {
    switch text {
    case "fixed": return (nil, .fixed)
    case "dynamic": return (nil, .missRatio)
    default:
      let prefix = "dynamic:"
      let isDynamic = text.hasPrefix(prefix)
      let digits = isDynamic ? String(text.dropFirst(prefix.count)) : text
      guard let number = ConfigurationKey.number(digits), let depth = UInt16(exactly: number)
      else { return nil }
      return (depth, isDynamic ? .missRatio : .fixed)
    }
  }

  static func text(_ depth: UInt16?, _ rule: LookasideDepthRule) -> String {
    switch (depth, rule) {
    case (nil, .fixed): "fixed"
    case (nil, .missRatio): "dynamic"
    case (let depth?, .fixed): String(depth)
    case (let depth?, .missRatio): "dynamic:\(depth)"
    }
  }
}

/// Why the values of a configuration do not go together.
public struct ConfigurationProblem: Error, Equatable, Sendable {
  /// The keys whose values clash, the likeliest mistake first.
  public var keys: [String]
  /// What should hold instead, as what an error message expects.
  public var expected: String

  /// A problem from its keys and text.
  public init(_ keys: [String], _ expected: String) {
    self.keys = keys
    self.expected = expected
  }
}
