/// The report of `inspect` as text: what was recognised, what was odd, what follows from it.
enum InspectionText {
  static func text(_ report: InspectionReport) -> String {
    var lines: [String] = []
    if report.listings.isEmpty {
      lines.append("No debugger output recognised in \(report.lines) lines.")
    }
    lines += report.listings.flatMap(listing)
    lines += oddities(report)
    lines += diagnosis(report)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func listing(_ checked: CheckedListing) -> [String] {
    let place = "\(checked.listing.source):\(checked.listing.line)"
    let layout = checked.layout.map { ", \($0.rawValue)" } ?? ""
    let head =
      "\(place): \(title(checked.listing))\(layout), \(checked.blockCount) "
      + "\(unit(checked)): \(checked.verdict.rawValue)"
    return [head]
      + checked.findings.flatMap { finding in
        ["  \(finding.isCorruption ? "!" : "-") \(finding.rule.rawValue): \(finding.text)"]
          + finding.evidence.map { "      \($0)" }
      }
  }

  private static func title(_ listing: Listing) -> String {
    switch listing.content {
    case .pool(let page), .poolInfoPage(let page):
      let address = page.pageAddress.map {
        " page " + Hexadecimal.address($0, page.blocks.first?.width)
      }
      return "!\(listing.kindName)\(address ?? "")" + (page.region.map { " (\($0))" } ?? "")
    case .poolFind(let find): return "!poolfind" + (find.tag.map { " \($0)" } ?? "")
    case .poolMonitor: return "PoolMon"
    case .bugCheck(let check): return "bug check 0x\(Hexadecimal.text(check.code))"
    case .messages: return "debugger messages"
    default: return "!" + listing.kindName
    }
  }

  private static func unit(_ checked: CheckedListing) -> String {
    let name: String
    switch checked.listing.content {
    case .poolUsed, .poolMonitor: name = "tag"
    case .virtualMemory: name = "value"
    case .lookaside: name = "list"
    default: name = "block"
    }
    return checked.blockCount == 1 ? name : name + "s"
  }

  private static func oddities(_ report: InspectionReport) -> [String] {
    guard report.oddityCount > 0 else { return [] }
    let hidden = report.oddityCount - report.oddities.count
    return ["", "Odd lines (\(report.oddityCount)):"]
      + report.oddities.map { "  \($0.description)" }
      + (hidden > 0 ? ["  and \(hidden) more"] : [])
  }

  private static func diagnosis(_ report: InspectionReport) -> [String] {
    guard !report.diagnosis.isEmpty else {
      return ["", "Diagnosis: the listings give no reason for one."]
    }
    return ["", "Diagnosis:"]
      + report.diagnosis.flatMap { entry in
        ["  \(entry.verdict.rawValue): \(entry.text)"]
          + entry.evidence.map { "      \($0)" }
          + ["      -> \(entry.guidance.text) [\(entry.guidance.source)]"]
      }
  }
}
