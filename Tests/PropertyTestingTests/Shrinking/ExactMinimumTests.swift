import PoolTestSupport
import PropertyTesting
import Testing

/// The quality of the shrinker: from fixed hard traces to one exact normal form, within a budget.
///
/// A hard trace is one whose failure came after forty operations. Starting from easy ones would
/// test the generator. The limits are the maxima over a hundred traces, which the long run prints;
/// the mean is what `ComparisonTests` pins.
@Suite struct ExactMinimumTests {
  @Test(arguments: [
    ShrinkCase(
      PoolSubject.self, ToyPoolConfiguration(bug: .splitLosesUnit), within: 335,
      ["pageNotTiled after alloc": ["alloc s0 63"]]),
    ShrinkCase(
      PoolSubject.self, ToyPoolConfiguration(bug: .forgetsPrevious), within: 490,
      ["freeNeighbours after free": ["alloc s0 5", "alloc s1 5", "free s0", "free s1"]]),
    ShrinkCase(
      PoolSubject.self, ToyPoolConfiguration(bug: .swallowsUsed), within: 248,
      [
        "freeNeighbours after free": ["alloc s0 5", "alloc s1 7", "free s0"],
        "lostBlock after free": ["alloc s0 5", "alloc s1 7", "free s0"],
      ]),
    ShrinkCase(
      PoolSubject.self, ToyPoolConfiguration(bug: .oneTooDeep), within: 131,
      [
        "listTooDeep after free": [
          "alloc s0 1", "alloc s1 1", "alloc s2 1", "alloc s3 1", "free s0", "free s1", "free s2",
          "free s3",
        ]
      ]),
    ShrinkCase(
      PoolSubject.self, ToyPoolConfiguration(bug: .wrongClass), within: 502,
      [
        "wrongList after free": ["alloc s0 4", "alloc s1 4", "free s0", "free s1"],
        "listTooDeep after free": [
          "alloc s0 3", "alloc s1 3", "alloc s2 3", "alloc s3 4", "alloc s4 4", "free s0",
          "free s1", "free s2", "free s3", "free s4",
        ],
      ]),
    ShrinkCase(
      PoolSubject.self, ToyPoolConfiguration(bug: .counterDrift), within: 682,
      ["wrongCount after free": ["alloc s0 5", "alloc s1 5", "free s0", "free s1"]]),
  ])
  func ofThePool(_ shrinkCase: ShrinkCase<PoolSubject>) {
    expectNormalForms(shrinkCase)
  }

  @Test(arguments: [
    ShrinkCase(
      AccountSubject.self, ToyConfiguration(bug: 1), within: 105,
      ["bug 1": ["open s0 0", "open s1 1000", "transfer s0 s1 0"]]),
    ShrinkCase(
      AccountSubject.self, ToyConfiguration(bug: 2), within: 113,
      ["bug 2": ["open s0 1", "open s1 0", "transfer s0 s1 7"]]),
    ShrinkCase(
      AccountSubject.self, ToyConfiguration(bug: 3), within: 85,
      ["bug 3": ["open s0 300", "open s1 300", "transfer s0 s1 0"]]),
    ShrinkCase(
      AccountSubject.self, ToyConfiguration(bug: 4), within: 59,
      ["bug 4": ["open s0 0", "open s1 0", "transfer s0 s1 51"]]),
  ])
  func ofCoupledNumbers(_ shrinkCase: ShrinkCase<AccountSubject>) {
    expectNormalForms(shrinkCase)
  }

  @Test(arguments: [
    ShrinkCase(
      CatalogSubject.self, ToyConfiguration(bug: 1), within: 87,
      ["stale": ["create s0 0", "drop s0", "create s1 0", "insert s1"]]),
    ShrinkCase(
      CatalogSubject.self, ToyConfiguration(bug: 2), within: 283,
      ["parity": ["create s0 0", "create s1 1", "insert s0"]]),
    ShrinkCase(
      CatalogSubject.self, ToyConfiguration(bug: 3), within: 141,
      [
        "pair": ["create s0 0", "create s1 1", "insert s0"],
        "triple": ["create s0 0", "create s1 1", "create s2 2", "insert s0"],
      ]),
  ])
  func ofWhatWasDropped(_ shrinkCase: ShrinkCase<CatalogSubject>) {
    expectNormalForms(shrinkCase)
  }

  @Test(arguments: [
    ShrinkCase(
      HandleSubject.self, ToyConfiguration(bug: 1), within: 281,
      [
        "count below zero": [
          "open s0", "duplicate s0 s1", "duplicate s1 s2", "close s0", "close s1", "close s2",
        ],
        "read after free": [
          "open s0", "duplicate s0 s1", "duplicate s1 s2", "close s0", "close s1", "read s2",
        ],
      ]),
    ShrinkCase(
      HandleSubject.self, ToyConfiguration(bug: 2), within: 255,
      [
        "count below zero": [
          "open s0", "duplicate s0 s1", "duplicate s0 s2", "duplicate s0 s3", "close s0",
        ],
        "read after free": [
          "open s0", "duplicate s0 s1", "duplicate s0 s2", "duplicate s0 s3", "read s0",
        ],
      ]),
  ])
  func ofCopiesOfCopies(_ shrinkCase: ShrinkCase<HandleSubject>) {
    expectNormalForms(shrinkCase)
  }

  private func expectNormalForms<Subject>(_ shrinkCase: ShrinkCase<Subject>) {
    let count = TestScale.count(6, all: 100)
    let traces = Subject.failing(shrinkCase.configuration, count: count, seed: 100)
    #expect(traces.count == count)
    let shrinker = Shrinker(Subject.Machine.self, budget: ShrinkBudget(searchLimit: 0))
    var most = 0
    for failing in traces {
      let result = shrinker.shrink(failing.trace, failing.identity)
      let actual = result.trace.operations.map(\.description)
      #expect(actual == shrinkCase.expected[failing.identity.description])
      #expect(result.ending == .oneMinimal)
      #expect(result.trace.configuration == shrinkCase.configuration)
      #expect(result.executionCount <= shrinkCase.executionLimit)
      most = max(most, result.executionCount)
    }
    if TestScale.isWhole { print("\(shrinkCase.configuration): at most \(most) executions") }
  }
}
