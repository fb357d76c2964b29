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
      let names = Profile.all.map { $0.name }.joined(separator: ", ")
      throw failure("one of the profiles \(names)", at: setting.valueOffset)
    }
    return TraceConfiguration(profile: profile)
  }

  private func checkKeys(_ settings: [Setting]) throws(LineFailure) {
    for setting in settings where setting.key != "format" && setting.key != "profile" {
      guard ConfigurationKey.all.contains(where: { $0.name == setting.key }) else {
        throw failure("a configuration key", at: setting.offset)
      }
    }
  }
}
