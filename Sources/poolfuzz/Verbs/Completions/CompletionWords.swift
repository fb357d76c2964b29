import FragmentationSearch
import KernelPool
import PoolDebugger
import PoolFuzzing

/// The words that can follow an option, so far as they are a finite list.
enum CompletionWords {
  /// The words for an option of a verb; empty where any text may follow.
  static func following(_ option: Option, of verb: Verb) -> [String] {
    switch option.name {
    case "--profile":
      return generatesTraces(verb) ? GeneratorProfile.all.map(\.name) : Profile.all.map(\.name)
    case "--mutant":
      return Mutant.allCases.filter { $0 != .none }.map(\.rawValue)
    case "--format":
      return RecordedFormat.allCases.map(\.rawValue)
    case "--objective":
      return Objective.allCases.map(\.rawValue)
    default:
      return alternatives(option)
    }
  }

  /// True where `--profile` names a profile of the generator, not a system.
  private static func generatesTraces(_ verb: Verb) -> Bool {
    ["fuzz", "mutants"].contains(verb.name)
  }

  /// The words of a placeholder such as `off|cheap|full`. Capitals stand for any text.
  private static func alternatives(_ option: Option) -> [String] {
    guard case .value(let placeholder) = option.argument, placeholder.contains("|"),
      placeholder == placeholder.lowercased()
    else { return [] }
    return placeholder.split(separator: "|").map(String.init)
  }
}
