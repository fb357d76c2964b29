import KernelPool

/// How pool types are spelled.
///
/// A name for the kind of memory, then modifiers: `Paged+Quota+Raise`. The names follow
/// Microsoft's `POOL_TYPE` without the word `Pool`. A type without a spelling (the Verifier's, or
/// one that no version defines) is written as its number.
enum PoolTypeNames {
  /// Kinds of memory. The first spelling of a type is the one that is written.
  static let kinds = WordTable<PoolType>([
    ("NonPaged", .nonPaged),
    ("Paged", .paged),
    ("NonPagedCacheAligned", .cacheAligned),
    ("PagedCacheAligned", [.paged, .cacheAligned]),
    ("NonPagedNx", .noExecute),
    ("PagedSession", [.paged, .session]),
    ("NonPagedMustSucceed", .mustSucceed),
    ("NonPagedCacheAlignedMustSucceed", [.cacheAligned, .mustSucceed]),
    ("NonPagedNxCacheAligned", [.noExecute, .cacheAligned]),
    ("NonPagedSession", .session),
    ("PagedCacheAlignedSession", [.paged, .cacheAligned, .session]),
    ("NonPagedCacheAlignedSession", [.cacheAligned, .session]),
    ("NonPagedMustSucceedSession", [.mustSucceed, .session]),
    ("NonPagedCacheAlignedMustSucceedSession", [.cacheAligned, .mustSucceed, .session]),
    ("NonPagedSessionNx", [.session, .noExecute]),
  ])

  /// What may follow behind a `+`, in the order in which it is written.
  static let modifiers = WordTable<PoolType>([
    ("MustSucceed", .mustSucceed),
    ("Quota", .quota),
    ("Raise", .raiseOnFailure),
  ])

  /// Appends the spelling of `type`.
  static func append(_ type: PoolType, to bytes: inout [UInt8]) {
    let allModifiers: PoolType = [.mustSucceed, .quota, .raiseOnFailure]
    // A kind that has must-succeed in its name is preferred to one that needs the modifier.
    for kept in [allModifiers.subtracting(.mustSucceed), allModifiers] {
      let kind = type.subtracting(kept)
      guard let entry = kinds.entries.first(where: { $0.value == kind }) else { continue }
      bytes.append(entry.word)
      for modifier in modifiers.entries where type.subtracting(kind).contains(modifier.value) {
        bytes.append(UInt8(ascii: "+"))
        bytes.append(modifier.word)
      }
      return
    }
    bytes.appendHexadecimal(UInt64(type.rawValue))
  }
}
