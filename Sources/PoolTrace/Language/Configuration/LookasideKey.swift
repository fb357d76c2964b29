import KernelPool

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
