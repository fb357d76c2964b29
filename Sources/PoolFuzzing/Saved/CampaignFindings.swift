import KernelPool
import PropertyTesting

/// A failing trace that waits to be looked at closely.
public struct WaitingTrace: Sendable, Equatable {
  /// The trace.
  public let trace: PoolFuzzTrace
  /// The profile that made it.
  public let profile: String
  /// Its number within the campaign.
  public let number: UInt64
  /// The failure that was being reduced when it was met; nil where the campaign met it.
  public var metWhile: FailureIdentity?
  /// What it shows, where that ends the process that executes it; nil where it has to be looked at first.
  public var ending: FailureIdentity?

  /// A trace that a profile made.
  public init(
    trace: PoolFuzzTrace, profile: String, number: UInt64, metWhile: FailureIdentity? = nil,
    ending: FailureIdentity? = nil
  ) {
    self.trace = trace
    self.profile = profile
    self.number = number
    self.metWhile = metWhile
    self.ending = ending
  }
}

/// What a campaign has found: what waits, and what has been looked at and filed.
public struct CampaignFindings: Sendable {
  /// By number; the first is being looked at.
  public var waiting: [WaitingTrace] = []
  /// Failures that have been looked at.
  public var known: Set<FailureIdentity> = []
  /// What was filed, in order.
  public var filed: [FiledFinding] = []

  /// Nothing yet.
  public init() {}
}

/// A finding that was reduced and filed: a row of the report.
public struct FiledFinding: Sendable, Equatable {
  /// The failure.
  public let identity: FailureIdentity
  /// The profile that made the trace.
  public let profile: String
  /// The number of the trace within the campaign.
  public let number: UInt64
  /// Operations of the trace as it was found.
  public let operationsBefore: Int
  /// Operations of the trace as it was filed.
  public let operationsAfter: Int
  /// Traces executed for the reduction.
  public let executions: Int
  /// Whether the certificate says that nothing can be left out.
  public let isOneMinimal: Bool
  /// What is known about shorter traces.
  public var length = TraceLength.unknown
  /// Where it is filed; empty where the failure had its traces already.
  public let trace: String
  /// The certificate's path, or nothing.
  public let certificate: String
  /// The failure that was being reduced when this one was met; nil where the campaign met it.
  public let metWhile: FailureIdentity?
  /// The planted bug that it was filed with. None on a night with one says that the healthy model
  /// shows it as well: a fault of the model or of a check.
  public let mutant: Mutant

  /// A finding that was filed.
  public init(
    identity: FailureIdentity, profile: String, number: UInt64, operationsBefore: Int,
    operationsAfter: Int, executions: Int, isOneMinimal: Bool, length: TraceLength = .unknown,
    trace: String, certificate: String, metWhile: FailureIdentity?, mutant: Mutant
  ) {
    self.identity = identity
    self.profile = profile
    self.number = number
    self.operationsBefore = operationsBefore
    self.operationsAfter = operationsAfter
    self.executions = executions
    self.isOneMinimal = isOneMinimal
    self.length = length
    self.trace = trace
    self.certificate = certificate
    self.metWhile = metWhile
    self.mutant = mutant
  }

  private static let separator: Character = "\t"

  /// The row of a state file.
  public var line: String {
    let met = metWhile.map { "\($0)" } ?? ""
    return [
      "\(identity)", profile, "\(number)", "\(operationsBefore)", "\(operationsAfter)",
      "\(executions)", isOneMinimal ? "1" : "0", trace, certificate, met, mutant.rawValue,
      "\(length)",
    ].joined(separator: String(Self.separator))
  }

  /// Reads what `line` wrote.
  static func reading(_ line: Substring) -> FiledFinding? {
    let fields = line.split(separator: separator, omittingEmptySubsequences: false)
    guard fields.count == 12, let length = TraceLength(String(fields[11])),
      let number = SavedText.count(fields[2]), let before = count(fields[3]),
      let after = count(fields[4]), let executions = count(fields[5]),
      let mutant = Mutant(rawValue: String(fields[10]))
    else { return nil }
    return FiledFinding(
      identity: FailureIdentity(String(fields[0])), profile: String(fields[1]), number: number,
      operationsBefore: before, operationsAfter: after, executions: executions,
      isOneMinimal: fields[6] == "1", length: length, trace: String(fields[7]),
      certificate: String(fields[8]),
      metWhile: fields[9].isEmpty ? nil : FailureIdentity(String(fields[9])), mutant: mutant)
  }

  private static func count(_ text: Substring) -> Int? { SavedText.count(text).map { Int($0) } }
}
