import Foundation
import KernelPool
import PoolFuzzing
import PropertyTesting
import Testing

/// What stands in the regression corpus still fails as its certificate says, with its planted bug,
/// and passes without.
@Suite struct RegressionCorpusTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Corpus/regression").path

  static let names: [String] = {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return all.filter { $0.hasSuffix(".trace") }.map { String($0.dropLast(6)) }.sorted()
  }()

  private func read(_ name: String) throws -> FoundTrace {
    let base = Self.folder + "/" + name
    return try FoundTrace(
      text: try String(contentsOfFile: base + ".trace", encoding: .utf8),
      certificate: try String(contentsOfFile: base + ".certificate", encoding: .utf8))
  }

  @Test func thereIsACorpus() {
    #expect(Self.names.count >= 3)
  }

  @Test(arguments: names)
  func aCertificateHolds(_ name: String) throws {
    let found = try read(name)
    let certificate = try #require(found.certificate)
    let discrepancies = certificate.discrepancies(
      for: found.trace, execute: PoolShrinker.execute)
    #expect(discrepancies.isEmpty, "\(discrepancies)")
    #expect(found.trace.configuration.mutant != .none)
    var healthy = found.trace
    healthy.configuration.mutant = .none
    #expect(PoolShrinker.identity(of: healthy) == nil)
  }
}
