/// What evolution changes: a recipe for operations, with a text by which it can be kept.
protocol Genome: Hashable, Sendable {
  /// The first word of the text.
  static var kind: String { get }
  /// One drawn at random.
  static func random(_ question: SearchQuestion, _ generator: inout SeededGenerator) -> Self
  /// Changes a place or two.
  mutating func mutate(_ question: SearchQuestion, _ generator: inout SeededGenerator)
  /// The beginning of one and the end of the other.
  func crossed(with other: Self, _ generator: inout SeededGenerator) -> Self
  /// Carries it out on an empty allocator; stops after about `mostOperations`.
  func run<Target: AllocatorTarget & ~Copyable>(
    _ trial: inout Trial<Target>, mostOperations: Int)
  /// One line without the kind.
  var text: String { get }
  /// Reads ``text``; nil where it says something else.
  init?(text: String)
}
