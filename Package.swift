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
    .library(name: "PropertyChecks", targets: ["PropertyChecks"]),
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
    .target(name: "CrashDumps"),
    .target(name: "TextDecoding"),
    .target(name: "Platform"),
    .target(name: "KernelPool"),
    .target(name: "PoolWalk", dependencies: ["KernelPool"]),
    .target(name: "PoolInvariants", dependencies: ["KernelPool", "PoolWalk"]),
    .target(
      name: "PoolTrace",
      dependencies: [
        "ContentHash", "TextDecoding", "Platform", "KernelPool", "PoolWalk", "PoolInvariants",
      ]),
    .target(
      name: "PoolDumps", dependencies: ["CrashDumps", "KernelPool", "PoolWalk", "PoolTrace"]),
    .target(name: "PoolBounds", dependencies: ["KernelPool", "PoolWalk", "PoolTrace"]),
    .target(name: "PropertyTesting", dependencies: ["ContentHash"]),
    // For tests: it imports the toolchain's Testing, which is not there for `--static-swift-stdlib`; so
    // nothing that ships may depend on it, and a static build names its product.
    .target(name: "PropertyChecks", dependencies: ["ContentHash", "Platform", "PropertyTesting"]),
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
        "PropertyTesting",
      ]),
    .target(
      name: "PoolDebugger",
      dependencies: ["ContentHash", "JSONLines", "TextDecoding", "KernelPool", "PoolWalk"]),
    .target(
      name: "PoolReport", dependencies: ["JSONLines", "KernelPool", "PoolWalk"],
      // Compiled into the program, which stays one file.
      resources: [
        "page.html", "compare.html", "summary.html", "timeline.html", "pool.html", "page.css",
        "metrics.js", "history.js", "words.js", "map.js", "charts.js", "panels.js", "controls.js",
        "compare.js",
      ].map { .embedInCode("Page/Files/\($0)") }),
    .target(
      name: "PoolReconstruction",
      dependencies: ["KernelPool", "PoolWalk", "PoolTrace", "PoolDebugger", "PropertyTesting"]),
    .target(
      name: "FuzzHarness",
      dependencies: [
        "ContentHash", "Platform", "KernelPool", "PoolTrace", "PoolInvariants", "PoolBounds",
        "PoolOracles", "PropertyTesting", "PoolFuzzing", "FragmentationSearch", "PoolDebugger",
        "CrashDumps", "PoolDumps", "PoolWalk",
      ]),
    // All fuzz targets: a replayer in a plain build, libFuzzer's executable in one with `-DFUZZING`.
    .executableTarget(
      name: "fuzz-targets", dependencies: ["FuzzHarness"], path: "Fuzz/harness"),
    .target(
      name: "AllocatorTargets",
      dependencies: [
        "Platform", "KernelPool", "PoolTrace", "PropertyTesting", "PoolFuzzing", "PoolOracles",
      ]),
    // Allocators to put under test, each a shared library (see `Fuzz/include/poolfuzz_target.h`).
    .target(name: "TargetTLSF", path: "Fuzz", sources: ["targets/tlsf/tlsf.c"]),
    .target(name: "TargetBuddy", path: "Fuzz", sources: ["targets/buddy/buddy.c"]),
    .target(name: "TargetFaulty", path: "Fuzz", sources: ["targets/faulty/faulty.c"]),
    .executableTarget(
      name: "poolfuzz",
      dependencies: [
        "ContentHash", "JSONLines", "TextDecoding", "Platform", "KernelPool", "PoolTrace",
        "PoolInvariants", "PoolBounds", "FragmentationSearch", "PoolDebugger",
        "PoolReport", "PoolReconstruction", "PoolReference", "PoolOracles", "PoolFuzzing",
        "PropertyTesting",
        "AllocatorTargets", "CrashDumps", "PoolDumps", "PoolWalk",
      ]),
    .testTarget(name: "PlatformTests", dependencies: ["Platform"]),
    .testTarget(name: "CrashDumpsTests", dependencies: ["CrashDumps"]),
    .testTarget(
      name: "PoolDumpsTests",
      dependencies: [
        "PoolDumps", "PoolDebugger", "CrashDumps", "KernelPool", "PoolTrace", "PoolWalk",
        "PoolTestSupport",
      ]),
    // What several test targets use; it ships in no product.
    .target(
      name: "PoolTestSupport", dependencies: ["KernelPool", "PoolInvariants", "PropertyTesting"],
      path: "Tests/PoolTestSupport"),
    .testTarget(
      name: "PoolReferenceTests",
      dependencies: [
        "PoolReference", "PoolOracles", "PoolFuzzing", "PoolTrace", "KernelPool", "PropertyTesting",
        "PoolTestSupport",
      ]),
    .testTarget(
      name: "KernelPoolTests",
      dependencies: ["KernelPool", "PoolTrace", "PropertyTesting", "PoolTestSupport"]),
    .testTarget(
      name: "PoolTraceTests",
      dependencies: [
        "PoolTrace", "PoolOracles", "PoolReference", "PropertyTesting", "PoolTestSupport",
      ],
      exclude: ["Golden", "BadTraces"]),
    .testTarget(
      name: "PoolInvariantsTests",
      dependencies: [
        "PoolInvariants", "PoolTrace", "PoolWalk", "PropertyTesting", "PoolTestSupport",
      ]),
    .testTarget(
      name: "PoolFuzzingTests",
      dependencies: [
        "ContentHash", "PoolFuzzing", "PoolOracles", "PoolTrace", "PoolInvariants",
        "PropertyTesting", "PropertyChecks", "PoolTestSupport",
      ]),
    .testTarget(
      name: "FuzzHarnessTests",
      dependencies: [
        "ContentHash", "FuzzHarness", "FragmentationSearch", "PoolFuzzing", "PropertyTesting",
        "PoolTestSupport",
      ]),
    .testTarget(
      name: "PropertyTestingTests",
      dependencies: ["ContentHash", "PropertyTesting", "PoolTestSupport"]),
    .testTarget(
      name: "PropertyChecksTests",
      dependencies: ["PropertyChecks", "PropertyTesting", "PoolTestSupport"]),
    .testTarget(
      name: "FragmentationSearchTests",
      dependencies: [
        "ContentHash", "FragmentationSearch", "PoolBounds", "KernelPool", "PoolWalk", "PoolTrace",
        "PoolOracles", "PoolTestSupport",
      ]),
    .testTarget(
      name: "PoolDebuggerTests",
      dependencies: [
        "PoolDebugger", "PoolTrace", "PoolReport", "JSONLines", "PropertyTesting",
        "PoolTestSupport",
      ],
      exclude: ["Listings"]),
    .testTarget(
      name: "PoolReportTests",
      dependencies: [
        "PoolReport", "PoolTrace", "PoolOracles", "PropertyTesting", "PoolTestSupport",
      ]),
    .testTarget(
      name: "PoolReconstructionTests",
      dependencies: [
        "PoolReconstruction", "PoolDebugger", "PoolTrace", "PoolOracles", "PoolWalk",
        "PropertyTesting", "PoolTestSupport",
      ]),
    .testTarget(
      name: "AllocatorTargetsTests",
      dependencies: [
        "AllocatorTargets", "KernelPool", "PoolFuzzing", "PropertyTesting", "PoolTestSupport",
        "poolfuzz",
      ]),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "poolfuzz", "ContentHash", "FragmentationSearch", "Platform", "KernelPool", "PoolTrace",
        "PoolInvariants", "PoolOracles", "PoolFuzzing", "PropertyTesting", "PoolTestSupport",
      ]),
    .testTarget(name: "HouseTests"),
  ],
  swiftLanguageModes: [.v6]
)
