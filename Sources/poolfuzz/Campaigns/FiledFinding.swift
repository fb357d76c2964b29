import KernelPool
import PropertyTesting

/// A finding that was reduced and filed: a row of the report.
struct FiledFinding: Sendable, Equatable {
  /// The failure.
  let identity: FailureIdentity
  /// The profile that made the trace.
  let profile: String
  /// The number of the trace within the campaign.
  let number: UInt64
  /// Operations of the trace as it was found.
  let operationsBefore: Int
  /// Operations of the trace as it was filed.
  let operationsAfter: Int
  /// Traces executed for the reduction.
  let executions: Int
  /// Whether the certificate says that nothing can be left out.
  let isOneMinimal: Bool
  /// Where it is filed; empty where the failure had its traces already.
  let trace: String
  /// The certificate's path, or nothing.
  let certificate: String
  /// The failure that was being reduced when this one was met; nil where the campaign met it.
  let metWhile: FailureIdentity?
  /// The planted bug that it was filed with. None on a night with one says that the healthy model
  /// shows it as well: a fault of the model or of a check.
  let mutant: Mutant

  private static let separator: Character = "\t"

  /// The row of a state file.
  var line: String {
    let met = metWhile.map { "\($0)" } ?? ""
    return [
      "\(identity)", profile, "\(number)", "\(operationsBefore)", "\(operationsAfter)",
      "\(executions)", isOneMinimal ? "1" : "0", trace, certificate, met, mutant.rawValue,
    ].joined(separator: String(Self.separator))
  }

  /// Reads what `line` wrote.
  static func reading(_ line: Substring) -> FiledFinding? {
    let fields = line.split(separator: separator, omittingEmptySubsequences: false)
    guard fields.count == 11, let number = UInt64(fields[2]), let before = Int(fields[3]),
      let after = Int(fields[4]), let executions = Int(fields[5]),
      let mutant = Mutant(rawValue: String(fields[10]))
    else { return nil }
    return FiledFinding(
      identity: FailureIdentity(String(fields[0])), profile: String(fields[1]), number: number,
      operationsBefore: before, operationsAfter: after, executions: executions,
      isOneMinimal: fields[6] == "1", trace: String(fields[7]), certificate: String(fields[8]),
      metWhile: fields[9].isEmpty ? nil : FailureIdentity(String(fields[9])), mutant: mutant)
  }

  /// The JSON members of a finding.
  var members: [(String, JSONValue)] {
    [
      ("identity", .string("\(identity)")), ("trace", .string(trace)),
      ("certificate", .string(certificate)),
      ("operations_before", .integer(Int64(operationsBefore))),
      ("operations_after", .integer(Int64(operationsAfter))),
      ("executions", .integer(Int64(executions))), ("one_minimal", .bool(isOneMinimal)),
      ("number", .unsigned(number)), ("mutant", .string(mutant.rawValue)),
      ("met_while", metWhile.map { .string("\($0)") } ?? .null),
    ]
  }
}
