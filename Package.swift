// swift-tools-version: 6.2
import PackageDescription

/// The house, from the ground up: a target may depend only on those above it.
let package = Package(
  name: "poolfuzz",
  products: [
    .library(name: "KernelPool", targets: ["KernelPool"]),
    .library(name: "PoolTrace", targets: ["PoolTrace"]),
    .library(name: "PoolInvariants", targets: ["PoolInvariants"]),
    .library(name: "PropertyTesting", targets: ["PropertyTesting"]),
    .library(name: "PoolOracles", targets: ["PoolOracles"]),
    .library(name: "PoolFuzzing", targets: ["PoolFuzzing"]),
    .executable(name: "poolfuzz", targets: ["poolfuzz"]),
    .library(name: "target-tlsf", type: .dynamic, targets: ["TargetTLSF"]),
    .library(name: "target-buddy", type: .dynamic, targets: ["TargetBuddy"]),
    .library(name: "target-faulty", type: .dynamic, targets: ["TargetFaulty"]),
  ],
  targets: [
    .target(name: "ContentHash"),
    .target(name: "JSONLines"),
    .target(name: "KernelPool"),
    .target(name: "PoolWalk", dependencies: ["KernelPool"]),
    .target(name: "PoolInvariants", dependencies: ["KernelPool"]),
    .target(
      name: "PoolTrace", dependencies: ["ContentHash", "KernelPool", "PoolWalk", "PoolInvariants"]),
    .target(name: "PoolBounds", dependencies: ["KernelPool", "PoolWalk", "PoolTrace"]),
    .target(name: "PropertyTesting"),
    .target(name: "PoolReference", dependencies: ["KernelPool"]),
    .target(
      name: "PoolOracles",
      dependencies: [
        "ContentHash", "KernelPool", "PoolWalk", "PoolTrace", "PoolInvariants", "PoolBounds",
        "PropertyTesting", "PoolReference",
      ]),
    .target(
      name: "PoolFuzzing",
      dependencies: [
        "ContentHash", "KernelPool", "PoolTrace", "PoolInvariants", "PoolOracles",
        "PropertyTesting",
      ]),
    .target(
      name: "FragmentationSearch",
      dependencies: [
        "ContentHash", "JSONLines", "KernelPool", "PoolWalk", "PoolTrace", "PoolBounds",
      ]),
    .target(
      name: "PoolDebugger", dependencies: ["ContentHash", "JSONLines", "KernelPool", "PoolWalk"]),
    .target(
      name: "PoolReport", dependencies: ["KernelPool", "PoolWalk"],
      // Compiled into the program, which stays one file.
      resources: [
        "page.html", "page.css", "history.js", "words.js", "map.js", "charts.js", "panels.js",
        "controls.js",
      ].map { .embedInCode("Page/Files/\($0)") }),
    .target(
      name: "PoolReconstruction",
      dependencies: ["KernelPool", "PoolWalk", "PoolTrace", "PoolDebugger", "PropertyTesting"]),
    .target(
      name: "FuzzHarness",
      dependencies: [
        "KernelPool", "PoolTrace", "PoolInvariants", "PoolOracles", "PropertyTesting",
        "PoolFuzzing", "PoolDebugger",
      ]),
    // Replayers in a plain build, libFuzzer's executables in one with `-DFUZZING`.
    .executableTarget(name: "fuzz-trace", dependencies: ["FuzzHarness"], path: "Fuzz/trace"),
    .executableTarget(
      name: "fuzz-differential", dependencies: ["FuzzHarness"], path: "Fuzz/differential"),
    .executableTarget(name: "fuzz-language", dependencies: ["FuzzHarness"], path: "Fuzz/language"),
    .executableTarget(name: "fuzz-listing", dependencies: ["FuzzHarness"], path: "Fuzz/listing"),
    .executableTarget(name: "fuzz-import", dependencies: ["FuzzHarness"], path: "Fuzz/import"),
    .target(
      name: "AllocatorTargets",
      dependencies: ["KernelPool", "PoolTrace", "PropertyTesting", "PoolFuzzing", "PoolOracles"]),
    // Allocators to put under test, each a shared library (see `Fuzz/include/poolfuzz_target.h`).
    .target(name: "TargetTLSF", path: "Fuzz", sources: ["targets/tlsf/tlsf.c"]),
    .target(name: "TargetBuddy", path: "Fuzz", sources: ["targets/buddy/buddy.c"]),
    .target(name: "TargetFaulty", path: "Fuzz", sources: ["targets/faulty/faulty.c"]),
    .executableTarget(
      name: "poolfuzz",
      dependencies: [
        "ContentHash", "JSONLines", "KernelPool", "PoolTrace", "PoolInvariants", "PoolBounds",
        "FragmentationSearch", "PoolDebugger",
        "PoolReport", "PoolReconstruction", "PoolReference", "PoolOracles", "PoolFuzzing",
        "PropertyTesting", "AllocatorTargets",
      ]),
    .testTarget(name: "KernelPoolTests", dependencies: ["KernelPool", "PoolTrace"]),
    .testTarget(
      name: "PoolReferenceTests",
      dependencies: [
        "PoolReference", "PoolOracles", "PoolFuzzing", "PoolTrace", "KernelPool", "PropertyTesting",
      ]),
    .testTarget(
      name: "PoolTraceTests", dependencies: ["PoolTrace", "PoolOracles", "PoolReference"],
      exclude: ["Golden", "BadTraces"]),
    .testTarget(
      name: "PoolInvariantsTests", dependencies: ["PoolInvariants", "PoolTrace"]),
    .testTarget(
      name: "PoolFuzzingTests",
      dependencies: [
        "PoolFuzzing", "PoolOracles", "PoolTrace", "PoolInvariants", "PropertyTesting",
      ]),
    .testTarget(
      name: "FuzzHarnessTests", dependencies: ["FuzzHarness", "PoolFuzzing", "PropertyTesting"]),
    .testTarget(name: "PropertyTestingTests", dependencies: ["PropertyTesting"]),
    .testTarget(
      name: "FragmentationSearchTests",
      dependencies: [
        "FragmentationSearch", "PoolBounds", "KernelPool", "PoolWalk", "PoolTrace", "PoolOracles",
      ]),
    .testTarget(
      name: "PoolDebuggerTests",
      dependencies: ["PoolDebugger", "PoolTrace", "PoolReport", "JSONLines"],
      exclude: ["Listings"]),
    .testTarget(name: "PoolReportTests", dependencies: ["PoolReport", "PoolTrace", "PoolOracles"]),
    .testTarget(
      name: "PoolReconstructionTests",
      dependencies: [
        "PoolReconstruction", "PoolDebugger", "PoolTrace", "PoolOracles", "PoolWalk",
        "PropertyTesting",
      ]),
    .testTarget(
      name: "AllocatorTargetsTests",
      dependencies: [
        "AllocatorTargets", "KernelPool", "PoolFuzzing", "PropertyTesting", "poolfuzz",
      ]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: ["poolfuzz", "KernelPool", "PoolTrace", "PoolInvariants", "PoolOracles"]),
    .testTarget(name: "HouseTests"),
  ],
  swiftLanguageModes: [.v6]
)
