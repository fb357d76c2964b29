import Foundation
import PoolTestSupport
import Testing

/// A browser without a window, which opens pages from the disk.
struct Browser {
  private let scratch: Scratch

  /// The program, from the environment: only `.ci/browser` runs these tests.
  static let path = ProcessInfo.processInfo.environment["POOLFUZZ_BROWSER"]

  /// What a test that needs a browser says where there is none.
  static let skipped: Comment = "skipped: no browser is named; .ci/browser finds or installs one"

  init() throws { scratch = try Scratch() }

  /// Which colours the reader's system prefers.
  enum Scheme: String {
    case light = "1"
    case dark = "0"
  }

  /// The document after its scripts have run.
  func document(_ page: String, _ fragment: String = "", width: Int = 1440) throws -> String {
    let run = try run(page, fragment, ["--dump-dom", "--window-size=\(width),1800"])
    try #require(run.output.contains("data-ready=\"1\""), "the page's script did not end")
    return run.output
  }

  /// A picture of the page.
  func picture(
    _ page: String, _ fragment: String, width: Int = 1440, height: Int = 1800,
    _ scheme: Scheme = .light
  ) throws -> PortablePicture {
    let file = scratch.path + "/shot-\(UUID().uuidString).png"
    _ = try run(
      page, fragment,
      [
        "--screenshot=" + file, "--window-size=\(width),\(height)",
        "--blink-settings=preferredColorScheme=" + scheme.rawValue,
      ])
    return try PortablePicture(Array(try Data(contentsOf: URL(fileURLWithPath: file))))
  }

  /// A file that the browser prints the page to.
  func print(_ page: String) throws -> [UInt8] {
    let file = scratch.path + "/page.pdf"
    _ = try run(page, "", ["--print-to-pdf=" + file])
    return Array(try Data(contentsOf: URL(fileURLWithPath: file)))
  }

  /// Opens a page; whatever its scripts complain of fails the test.
  private func run(
    _ page: String, _ fragment: String, _ options: [String]
  ) throws -> Command.Result {
    let path = try #require(Self.path)
    let file = try scratch.file("page.html", page)
    let common = [
      "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
      "--force-device-scale-factor=1", "--enable-logging=stderr", "--virtual-time-budget=3000",
      "--user-data-dir=" + scratch.path + "/profile",
    ]
    let words = (common + options + ["file://\(file)\(fragment)"]).map { "'\($0)'" }
    let run = try Command.shell("exec timeout 120 '\(path)' " + words.joined(separator: " "))
    #expect(run.code == 0)
    for line in run.errors.split(separator: "\n") where line.contains(":CONSOLE") {
      Issue.record("the page complains: \(line)")
    }
    return run
  }
}
