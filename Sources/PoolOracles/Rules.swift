import KernelPool
import PoolInvariants
import PoolTrace
import struct PropertyTesting.FailureIdentity

/// Something that an oracle says is wrong.
public enum PoolFailure: Sendable, Equatable {
  /// An invariant is broken.
  case invariant(Violation)
  /// The kernel stopped although nobody misused it.
  case halted(HaltReason)
  /// A request raised a status although it was not asked to.
  case raised(UInt32)
  /// An oracle beyond the invariants objects; its rule and what it saw.
  case oracle(OracleRule, String)

  /// What makes it the same failure in another trace: the rule, and the kind of operation that
  /// showed it; no addresses, no sizes.
  public func identity(after operation: PoolTrace.Operation?) -> FailureIdentity {
    identity(after: operation.map { PoolOperationKind($0) })
  }

  /// The same by the kind of the operation.
  func identity(after kind: PoolOperationKind?) -> FailureIdentity {
    FailureIdentity("\(rule) after \(kind?.word ?? "end")")
  }

  /// The name of the broken rule, without the operation.
  public var rule: String {
    switch self {
    case .invariant(let violation): violation.invariant.rawValue
    case .halted(.bugCheck(let bugCheck)):
      "bugcheck-0x" + String(bugCheck.code, radix: 16) + "-"
        + (bugCheck.parameters.0 < 0x10000
          ? "0x" + String(bugCheck.parameters.0, radix: 16) : "address")
    case .halted(.fault), .halted(.nonCanonicalFault): "fault"
    case .halted(.hang): "hang"
    case .raised: "raise"
    case .oracle(let rule, _): rule.rawValue
    }
  }

  /// True where a rule is broken, rather than that the kernel stopped or raised.
  public var isRule: Bool {
    switch self {
    case .invariant, .oracle: true
    case .halted, .raised: false
    }
  }

  /// One line for people.
  public var text: String {
    switch self {
    case .invariant(let violation): violation.description
    case .halted(let reason): "the kernel stopped: \(reason)"
    case .raised(let status): "a request raised 0x" + String(status, radix: 16)
    case .oracle(let rule, let text): "\(rule.rawValue): \(text)"
    }
  }
}

/// The rules of the oracles beyond the invariants, by their stable names.
public enum OracleRule: String, Sendable, CaseIterable {
  /// An allocation shares bytes with a live one.
  case overlap = "shadow.overlap"
  /// An allocation is not aligned as promised: 8 bytes on x86, 16 on x64, a page from a page on.
  case alignment = "shadow.alignment"
  /// An allocation lies outside of the region of its pool.
  case region = "shadow.region"
  /// A request was refused although a recount finds room.
  case refusal = "refusal.room"
  /// A refusal is not counted, or one is counted that did not happen.
  case refusalCount = "refusal.count"
  /// A freed block or page is not where the published rules put it.
  case placementFreed = "placement.freed"
  /// The hint of a page bitmap did not move as published.
  case placementHint = "placement.hint"
  /// The rest of a split is not where the published rules put it.
  case placementRest = "placement.rest"
  /// Paged descriptors did not take turns.
  case placementTurn = "placement.turn"
  /// The lists of free runs of pages are not in the published order.
  case placementRuns = "placement.runs"
  /// An entry of the big-page table is not where its address hashes to.
  case placementEntry = "placement.entry"
  /// The big-page table was not halved when it must be, or was when it must not.
  case placementTable = "placement.table"
  /// The links of a recycled block are still in its body.
  case placementCleared = "placement.cleared"
  /// An allocation got another address than the reference allocator gives.
  case referenceAddress = "reference.address"
  /// A request was served or refused, and the reference allocator says otherwise.
  case referenceVerdict = "reference.verdict"
  /// The kernel stopped in another way than the reference allocator says, or one of them did not.
  case referenceStop = "reference.stop"
  /// An emptied pool still holds blocks or pages.
  case emptied = "emptied.pages"
  /// An emptied pool's counters do not say that it is empty.
  case emptiedCounters = "emptied.counters"
  /// An emptied pool cannot give a page again.
  case emptiedPage = "emptied.page"
  /// A run held more pages than are proved possible for what was live.
  case bound = "bound.pages"
  /// Misuse that must stop the kernel did not stop it in that way.
  case verdict = "verdict.stop"
  /// A refused misuse changed the pool.
  case verdictUnchanged = "verdict.unchanged"
  /// Misuse that leaves a visible trace was not noticed.
  case verdictNoticed = "verdict.noticed"
}

extension OracleRule {
  /// What it objects to, in a sentence.
  public var objection: String {
    switch self {
    case .overlap: "An allocation shares bytes with a live one."
    case .alignment:
      "An allocation is not aligned as promised: 8 bytes on x86, 16 on x64, a page "
        + "from a page on."
    case .region: "An allocation lies outside of the region of its pool."
    case .refusal: "A request was refused although a recount finds room."
    case .refusalCount: "A refusal is not counted, or one is counted that did not happen."
    case .placementFreed: "A freed block or page is not where the published rules put it."
    case .placementHint: "The hint of a page bitmap did not move as published."
    case .placementRest: "The rest of a split is not where the published rules put it."
    case .placementTurn: "Paged descriptors did not take turns."
    case .placementRuns: "The lists of free runs of pages are not in the published order."
    case .placementEntry: "An entry of the big-page table is not where its address hashes to."
    case .placementTable:
      "The big-page table was not halved when it must be, or was when it must not. "
        + ""
    case .placementCleared: "The links of a recycled block are still in its body."
    case .referenceAddress: "An allocation got another address than the reference allocator gives."
    case .referenceVerdict:
      "A request was served or refused, and the reference allocator says otherwise. "
        + ""
    case .referenceStop:
      "The kernel stopped in another way than the reference allocator says, or one of "
        + "them did not."
    case .emptied: "An emptied pool still holds blocks or pages."
    case .emptiedCounters: "An emptied pool's counters do not say that it is empty."
    case .emptiedPage: "An emptied pool cannot give a page again."
    case .bound: "A run held more pages than are proved possible for what was live."
    case .verdict: "Misuse that must stop the kernel did not stop it in that way."
    case .verdictUnchanged: "A refused misuse changed the pool."
    case .verdictNoticed: "Misuse that leaves a visible trace was not noticed."
    }
  }

  /// Who published what it holds the pool to, or what it works that out from.
  public var source: String {
    switch self {
    case .overlap, .alignment, .region: "Windows driver documentation, ExAllocatePoolWithTag"
    case .refusal, .refusalCount: "ReactOS ExAllocatePoolWithTag; a recount of what is free"
    case .placementFreed, .placementRest, .placementCleared, .placementTurn:
      "ReactOS ExAllocatePoolWithTag and ExFreePoolWithTag; Mandt 2011"
    case .placementHint, .placementRuns: "ReactOS MiAllocatePoolPages"
    case .placementEntry, .placementTable: "ReactOS ExpAddTagForBigPages; Mandt 2011"
    case .referenceAddress, .referenceVerdict, .referenceStop:
      "the reference allocator, which was written from the published rules apart from the model"
    case .emptied, .emptiedCounters, .emptiedPage: "a law: an emptied pool equals a fresh one"
    case .bound: "a proof: the manual's article on bounds"
    case .verdict, .verdictUnchanged, .verdictNoticed: "Microsoft, bug check reference"
    }
  }
}

/// Which oracles watch a run.
public struct OracleSet: OptionSet, Sendable, Hashable {
  /// The bits.
  public var rawValue: UInt16
  /// A set from its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Invariants of what each operation touched.
  public static let cheapInvariants = OracleSet(rawValue: 1)
  /// Every invariant after every operation, worked out from what it touched.
  public static let fullInvariants = OracleSet(rawValue: 2)
  /// Every invariant at the end of the trace.
  public static let finalInvariants = OracleSet(rawValue: 4)
  /// The shadow allocator: what a caller may rely on, from the calls alone.
  public static let shadow = OracleSet(rawValue: 8)
  /// A refusal is only allowed when nothing fits.
  public static let refusals = OracleSet(rawValue: 16)
  /// Which block and which page the published rules choose.
  public static let placement = OracleSet(rawValue: 32)
  /// An emptied pool equals a fresh one.
  public static let emptied = OracleSet(rawValue: 64)
  /// What misuse must come to.
  public static let verdicts = OracleSet(rawValue: 128)
  /// No run holds more pages than are proved possible.
  public static let bound = OracleSet(rawValue: 256)
  /// What follows after misuse is watched by the invariants, and a stop is a failure however well
  /// documented: for traces of drivers. Without it a trace ends with its misuse.
  public static let afterMisuse = OracleSet(rawValue: 512)
  /// Every invariant after every operation, by walking everything.
  public static let completeInvariants = OracleSet(rawValue: 1024)
  /// The reference allocator: what every call must come to, from the calls alone.
  public static let reference = OracleSet(rawValue: 2048)

  /// All of them, every invariant after every operation.
  public static let everything: OracleSet = [
    .fullInvariants, .finalInvariants, .shadow, .refusals, .placement, .emptied, .verdicts,
    .bound, .reference,
  ]
  /// All of them, and what follows after misuse: how traces in files are judged and reduced.
  public static let replayed: OracleSet = everything.union(.afterMisuse)
  /// The fast ones after every operation, the rest at the end.
  public static let fast: OracleSet = [
    .cheapInvariants, .finalInvariants, .shadow, .emptied, .verdicts, .bound,
  ]
  /// None: what a run costs without them.
  public static let none: OracleSet = []

  /// Whether anything is worked out before an operation: a trace that ends with its misuse needs at
  /// least the verdict.
  var predict: Bool {
    !isDisjoint(with: [.verdicts, .placement, .refusals]) || !contains(.afterMisuse)
  }

  /// Those that need an audit.
  static let whatAudits: OracleSet = [
    .cheapInvariants, .fullInvariants, .completeInvariants, .finalInvariants, .verdicts,
  ]

  /// The oracles of a check level.
  public init(_ level: CheckLevel) {
    switch level {
    case .off: self = .none
    case .fast: self = .fast
    case .full: self = .everything
    case .complete:
      self = OracleSet.everything.subtracting(.fullInvariants).union(.completeInvariants)
    }
  }
}
