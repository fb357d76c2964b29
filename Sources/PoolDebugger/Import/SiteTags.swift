import ContentHash

/// Makes pool tags from call sites, so that a recording without tags still tells its callers
/// apart: four letters or digits from a hash (FNV-1a) of the site's text. The same site has the
/// same tag in every import.
struct SiteTags {
  /// So many sites are remembered in order to name them and to count clashes.
  static let mostSites = 65_536

  private var siteOfTag: [ListedTag: UInt64] = [:]
  private var clashingSites: Set<UInt64> = []

  /// Sites whose tag another site had before.
  var sharedTags: Int { clashingSites.count }

  private static let letters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  /// The tag of a site and whether it is the first time that the site is seen.
  mutating func tag(_ site: ArraySlice<UInt8>) -> (tag: ListedTag, isNew: Bool) {
    var content = ContentHash()
    content.add(site)
    let hash = content.value
    var rest = hash ^ (hash >> 29)
    var bytes: [UInt8] = []
    for index in 0..<4 {
      let choices: UInt64 = index == 0 ? 52 : 62
      bytes.append(Self.letters[Int(rest % choices)])
      rest /= choices
    }
    let tag = ListedTag(bytes)
    if let known = siteOfTag[tag] {
      if known != hash, clashingSites.count < Self.mostSites { clashingSites.insert(hash) }
      return (tag, false)
    }
    guard siteOfTag.count < Self.mostSites else { return (tag, false) }
    siteOfTag[tag] = hash
    return (tag, true)
  }
}
