import KernelPool
import PoolReport
import PoolTrace

extension Verb {
  /// `poolfuzz view`: a trace as a picture.
  static let view = Verb(
    name: "view", operands: "TRACE|DUMP",
    summary: "shows a pool's pages over time: a page for a browser, pictures, text",
    examples: [
      (
        "poolfuzz view churn.trace -o churn.html",
        "a page for a browser: scrub, play, click; one file that needs nothing else"
      ),
      (
        "poolfuzz view churn.trace --compare remedy.trace -o both.html",
        "two traces beside each other with one time line: before and after"
      ),
      ("poolfuzz view churn.trace --text", "the same for a terminal"),
      ("poolfuzz view MEMORY.DMP -o pool.html", "the pools of a crash dump, one moment"),
      ("poolfuzz view churn.trace --svg -o churn.svg", "the pages by largest hole, a row a page"),
      (
        "poolfuzz view churn.trace --compare remedy.trace --svg -o both.svg",
        "the same of two traces, before and after"
      ),
      ("poolfuzz view churn.trace --svg time", "memory held, in use and at most, over time"),
      ("poolfuzz view churn.trace --json --pins 100", "curves and pins for other tools"),
      (
        "poolfuzz view app.trace --target malloc --target ./libmine.so -o app.html",
        "what other allocators hold for the same program over time, beside each other"
      ),
    ],
    options: [
      .output("the file (standard output)"),
      Option(
        name: "--compare", argument: .value("FILE"),
        help: "another trace or dump, beside the first on the page or on the picture of the map"),
      Option(name: "--text", argument: .none, help: "lines for a terminal"),
      Option(
        name: "--svg",
        argument: .optionalValue("WHAT", isValue: ViewSettings.pictures.contains),
        help: "a picture: map (every page a row), time, pins, holes"),
      Option(
        name: "--at", argument: .value("OPERATION"),
        help: "the operation after which pictures, text and JSON show the pool (the last)"),
      Option(
        name: "--order", argument: .value("address|hole|use"),
        help: "order of the pages: by address, largest hole or bytes in use"),
      Option(
        name: "--pins", argument: .value("K"), help: "pages that the pin report lists (10)"),
      Option.request,
      Option(name: "--width", argument: .value("COLUMNS"), help: "columns of a line (100)"),
      .check,
      Option(
        name: "--mutant", argument: .value("NAME"),
        help: "plants a bug in the model (the one that the trace's '# mutant:' names)"),
      Option(name: "--profile", argument: .value("NAME"), help: "replaces the trace's profile"),
      Option(
        name: "--steps", argument: .value("N"),
        help: "most steps kept (20000); a longer trace is sampled"),
      Option(
        name: "--pages", argument: .value("N"),
        help: "most pages kept (4096); of more pages some are left out"),
    ] + TargetOptions.naming + [TargetOptions.memoryLimit],
    run: { arguments, streams in
      let targets = TargetOptions.libraries(arguments)
      guard targets.isEmpty else {
        return try FootprintView(arguments, targets, streams).run(arguments.operands)
      }
      let settings = try ViewSettings(arguments, streams)
      guard arguments.operands.count == 1, let path = arguments.operands.first else {
        // A word behind `--svg` that is none of its own is a file.
        let pictures = ViewSettings.pictures.joined(separator: ", ")
        let hint = arguments.has("--svg") ? "; --svg is one of \(pictures)" : ""
        throw CommandFailure.usage("view needs one trace or crash dump\(hint)")
      }
      return try ViewCommand(settings: settings, streams: streams).run(path)
    })
}
