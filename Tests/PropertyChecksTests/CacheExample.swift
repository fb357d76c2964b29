import PropertyChecks
import PropertyTesting
import Testing

struct Cache {
  let capacity: Int
  var entries: [(key: Int, value: Int)] = []

  mutating func put(_ key: Int, _ value: Int) {
    entries.removeAll { $0.key == key }
    if entries.count == capacity { entries.removeFirst() }
    entries.append((key, value))
  }

  func get(_ key: Int) -> Int? { entries.first { $0.key == key }?.value }
}

struct CacheSubject: DeclaredSubject {
  typealias Thing = (cache: Cache, model: [(key: Int, value: Int)])

  static let operations: [OperationDeclaration<Self>] = [
    .creates("make", .int("capacity", 1...8)) { _, capacity in (Cache(capacity: capacity), []) },
    .uses("put", weight: 4, .both(.int("key", 0...9), .int("value", 0...99))) { _, it, pair in
      it.cache.put(pair.0, pair.1)
      it.model = it.model.filter { $0.key != pair.0 }.suffix(it.cache.capacity - 1) + [pair]
      return .done
    },
    .uses("get", weight: 4, .int("key", 0...9)) { _, it, key in
      let found = it.model.firstIndex { $0.key == key }.map { it.model.remove(at: $0) }
      if let found { it.model.append(found) }
      return .compare(it.cache.get(key), expected: found?.value)
        .labelled(found == nil ? "missed" : "found")
    },
  ]
}

@Test(.disabled("its bug is planted, and it fails as the article shows"), .properties(traces: 100))
func theCacheDropsWhatWasUsedLeastRecently() {
  Property(of: CacheSubject.self).check(reaching: ["found"])
}
