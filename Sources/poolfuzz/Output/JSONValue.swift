import JSONLines

/// Every verb prints JSON; the name is at hand without an import in each of their files.
typealias JSONValue = JSONLines.JSONValue
