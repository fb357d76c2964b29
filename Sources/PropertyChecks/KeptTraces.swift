import ContentHash
import Platform
import PropertyTesting

/// Failing traces in a folder of their own for each machine, a file a trace.
struct KeptTraces {
  /// The folder of the machine's traces.
  let folder: String

  init(folder: String, subject: String) {
    self.folder = folder + "/" + Self.name(subject)
  }

  /// The traces, by their paths; none where there is no folder.
  func texts() throws(SystemError) -> [(path: String, text: String)] {
    guard Files.isFolder(folder) else { return [] }
    var texts: [(path: String, text: String)] = []
    for name in try Files.names(in: folder) where name.hasSuffix(".trace") {
      let path = folder + "/" + name
      guard let bytes = try Files.contents(of: path, limitBytes: 1 << 24) else { continue }
      texts.append((path, String(decoding: bytes, as: UTF8.self)))
    }
    return texts
  }

  /// Keeps a trace under the name of its failure and of its content, and gives its path.
  func keep(_ text: String, of identity: FailureIdentity) throws(SystemError) -> String {
    let path = "\(folder)/\(Self.name("\(identity)"))-\(ContentHash.of(text)).trace"
    try Files.makeFolder(folder)
    try AtomicFile.write(text, to: path)
    return path
  }

  /// Words as a file name: letters and digits, a hyphen for all between.
  private static func name(_ words: String) -> String {
    words.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }.joined(separator: "-").prefix(60)
      .description
  }
}
