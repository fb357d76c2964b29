/// A value whose numbers can be read and replaced one at a time.
public protocol Parameterized: Sendable, Equatable {
  /// The numbers, always as many for values of one kind, in an order of falling importance.
  var parameters: [Parameter] { get }

  /// The same with another number at an index of `parameters`; nil when that is not a value.
  func replacingParameter(at index: Int, with value: UInt64) -> Self?
}

extension Parameterized {
  /// No numbers.
  public var parameters: [Parameter] { [] }

  /// There is nothing to replace.
  public func replacingParameter(at index: Int, with value: UInt64) -> Self? { nil }
}
