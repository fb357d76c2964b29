import Foundation
import KernelPool
import PoolTrace

@main struct Poolfuzz {
  static func main() {
    for path in CommandLine.arguments.dropFirst() {
      let text = try! String(contentsOfFile: path, encoding: .utf8)
      var parser = TraceParser(text)
      var operations: [PoolTrace.Operation] = []
      var configuration = TraceConfiguration()
      loop: while true {
        switch parser.next() {
        case .operation(.config(let c)): configuration = c
        case .operation(let op): operations.append(op)
        case .failure(let e): print(e.description(file: path)); return
        default: break loop
        }
      }
      do {
        var replayer = try Replayer.boot(configuration)
        var transcript = Transcript(replayer.pool.view)
        var out = transcript.initialisation.joined(separator: "\n") + "\n"
        run: for op in operations {
          let result = replayer.step(op)
          for line in transcript.lines(op, result, tags: replayer.tags) { out += line + "\n" }
          switch result {
          case .halted, .raised: break run
          default: break
          }
        }
        let golden = path.replacingOccurrences(of: ".trace", with: ".expected")
        if CommandLine.arguments.count == 2 { print(out, terminator: "") }
        else {
          let expected = try! String(contentsOfFile: golden, encoding: .utf8)
          let a = out.split(separator: "\n").filter { !$0.hasPrefix("#") }
          let b = expected.split(separator: "\n").filter { !$0.hasPrefix("#") }
          if a == b { print("PASS \(path)") } else {
            let i = zip(a, b).enumerated().first { $0.1.0 != $0.1.1 }
            print("FAIL \(path) line \(i?.0 ?? -1) have \(i?.1.0 ?? "-") want \(i?.1.1 ?? "-")")
          }
        }
      } catch { print("FAIL \(path) \(error.message)") }
    }
  }
}
