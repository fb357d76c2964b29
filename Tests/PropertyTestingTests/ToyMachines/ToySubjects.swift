import PropertyTesting

enum PoolSubject: ToySubject {
  typealias Machine = ToyPool
  typealias Model = ToyPoolModel
}

enum AccountSubject: ToySubject {
  typealias Machine = Accounts
  typealias Model = AccountModel
}

enum CatalogSubject: ToySubject {
  typealias Machine = Catalog
  typealias Model = CatalogModel
}

enum HandleSubject: ToySubject {
  typealias Machine = Handles
  typealias Model = HandleModel
}

/// A machine with a model and planted bugs, as a row of a table.
protocol ToySubject {
  associatedtype Machine: StateMachine
  associatedtype Model: TraceModel
  where Model.Configuration == Machine.Configuration, Model.Operation == Machine.Operation

  typealias ToyTrace = Trace<Machine.Configuration, Machine.Operation>
}

extension ToySubject {
  typealias Failing = FailingTrace<Machine.Configuration, Machine.Operation>

  /// The first `count` failing traces of a seed whose failure comes late: fixed and hard. A test
  /// of a shrinker that begins with easy traces tests the generator.
  static func failing(
    _ configuration: Machine.Configuration, count: Int, seed: UInt64, operationCount: Int = 300,
    lengthMinimum: Int = 40, streamLimit: UInt64 = 20_000
  ) -> [Failing] {
    var found: [Failing] = []
    var stream: UInt64 = 0
    let runner = TraceRunner<Machine>()
    while found.count < count, stream < streamLimit {
      var choices = RandomChoices(seed: Seed(seed), stream: stream)
      stream += 1
      let swarm = Swarm.draw(Model.kinds, from: &choices)
      let trace = TraceGenerator<Model>.trace(
        operationCount: operationCount, configuration: configuration, swarm: swarm,
        choices: &choices)
      let failure = runner.run(trace).failure
      guard let failure, failure.step >= lengthMinimum, let first = failure.identities.first
      else { continue }
      found.append(Failing(trace: trace.prefix(failure.step + 1), identity: first))
    }
    return found
  }
}

/// Which bug is planted; no parameter, so that shrinking cannot remove it.
struct ToyConfiguration: MachineConfiguration {
  var bug: UInt64 = 0

  init() {}

  init(bug: UInt64) {
    self.bug = bug
  }

  var description: String { "bug \(bug)" }
}

/// A failing trace, cut after its failure.
struct FailingTrace<Configuration: MachineConfiguration, Operation: SlotOperation> {
  let trace: Trace<Configuration, Operation>
  let identity: FailureIdentity
}
