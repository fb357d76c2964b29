import FragmentationSearch

/// What an adversary came to beside what was predicted of it.
struct AdversaryReport {
  /// What it came to.
  let report: FragmentationReport
  /// The most pages that were predicted; nil where the program's arithmetic does not fit.
  let predictedPages: Int?

  /// What went wrong: a prediction, a bound, the cap or the kernel's agreement.
  var breaches: [String] {
    var breaches = report.breaches.map(\.description)
    if let predictedPages, predictedPages != report.pages {
      breaches.append("\(predictedPages) pages were predicted, and \(report.pages) were held")
    }
    return breaches
  }

  /// One JSON line, or lines for a reader.
  func lines(asJSON: Bool) -> [String] {
    let predicted = predictedPages.map { JSONValue.integer(Int64($0)) } ?? .null
    guard !asJSON else {
      return [JSONValue.object([("predicted_pages", predicted)] + report.fields).text]
    }
    return ContestText.lines(report) + ["predicted \(predictedPages.map { String($0) } ?? "-")"]
  }
}
