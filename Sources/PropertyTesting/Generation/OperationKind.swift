/// A row of the table of kinds that a model can generate.
public struct OperationKind: Sendable, Equatable {
  /// Its name, for logs.
  public let name: String
  /// Its usual weight; 0 means that only a profile that asks for it draws it.
  public let weight: Int
  /// Whether swarm testing must never leave it out, because nothing happens without it.
  public let isEssential: Bool

  /// A kind of that name and weight; the weight is at least 0.
  public init(_ name: String, weight: Int = 1, isEssential: Bool = false) {
    precondition(weight >= 0, "a weight below zero")
    self.name = name
    self.weight = weight
    self.isEssential = isEssential
  }
}
