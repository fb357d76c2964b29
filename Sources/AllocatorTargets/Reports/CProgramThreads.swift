/// A trace of several threads becomes a function that makes the call of a number, and a schedule that has
/// one thread at a time make it.
extension CProgram {
  var hasThreads: Bool { trace.operations.contains { $0.call == .thread } }

  var steps: [String] {
    let cases = zip(trace.operations, statements).enumerated().compactMap { index, step in
      [.thread, .endThread].contains(step.0.call) ? nil : "  case \(index): { \(step.1) break; }"
    }
    return ["static void step(int number) {", "  switch (number) {"] + cases + ["  }", "}"]
  }

  var relay: [String] {
    [
      "#include <pthread.h>", "#include <semaphore.h>",
      "static pthread_t threads[\(TargetThreads.mostThreads)];",
      "static sem_t begin[\(TargetThreads.mostThreads)], done;",
      "static char lives[\(TargetThreads.mostThreads)]; static int now;",
      "static void *serve(void *k) {",
      "  while (1) {",
      "    sem_wait(&begin[(size_t)k]);",
      "    if (now < 0) return NULL;",
      "    step(now), sem_post(&done);",
      "  }",
      "}",
      "static void on(int k, int number) {",
      "  if (!lives[k]) {",
      "    sem_init(&begin[k], 0, 0), lives[k] = 1;",
      "    pthread_create(&threads[k], NULL, serve, (void *)(size_t)k);",
      "  }",
      "  now = number, sem_post(&begin[k]), sem_wait(&done);",
      "}",
      "static void end(int k) {",
      "  if (lives[k]) now = -1, sem_post(&begin[k]), pthread_join(threads[k], NULL), lives[k] = 0;",
      "}",
    ]
  }

  var schedule: [String] {
    var lines = ["  sem_init(&done, 0, 0);"]
    var current: UInt64 = 0
    for (index, operation) in trace.operations.enumerated() {
      switch operation.call {
      case .thread: current = operation.bytes
      case .endThread:
        lines.append("  end(\(operation.bytes));")
        if current == operation.bytes { current = 0 }
      default: lines.append(current == 0 ? "  step(\(index));" : "  on(\(current), \(index));")
      }
    }
    return lines + ["  for (int k = 1; k < \(TargetThreads.mostThreads); k++) end(k);"]
  }
}
