import KernelPool

/// Whose a tag is, as far as lists tell, and how to find out where they do not.
struct TagOwner {
  /// Lines for a person: component, known cause, next step.
  let lines: [String]

  init(_ tag: ListedTag, _ owners: PoolTagDescriptions, toldBy text: String) {
    var lines: [String] = []
    if let known = owners.description(of: tag) {
      lines.append("owner: \(known.text)" + (known.binary.map { " (\($0))" } ?? ""))
      if let cause = known.knownCause { lines.append("known: \(cause.text) [\(cause.source)]") }
    } else if text.isEmpty || text.hasPrefix("UNKNOWN") || text == "Unknown Driver" {
      lines.append("owner: not in the list")
    } else {
      lines.append("owner, as the table says: \(text)")
    }
    let isKernels = owners.description(of: tag)?.binary?.hasPrefix("nt!") ?? false
    lines.append(isKernels ? Self.stacks(tag) : Self.search(tag))
    self.lines = lines
  }

  /// The step that finds the driver, which holds its tag as text.
  static func search(_ tag: ListedTag) -> String {
    "next: findstr /m /l \"\(tag)\" %SystemRoot%\\System32\\drivers\\*.sys names the drivers that "
      + "hold these letters"
  }

  /// The step that finds for whom the kernel allocates.
  static func stacks(_ tag: ListedTag) -> String {
    "next: the kernel allocates it for somebody, whom the stacks name: xperf -on "
      + "PROC_THREAD+LOADER+POOL -stackwalk PoolAlloc -PoolTag \(tag)"
  }
}

extension PoolTagDescriptions {
  /// What is known of a tag as a listing shows it.
  func description(of tag: ListedTag) -> TagDescription? {
    description(of: PoolTag(word: tag.rawValue))
  }
}
