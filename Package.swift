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
    .executable(name: "poolfuzz", targets: ["poolfuzz"]),
  ],
  targets: [
    .target(name: "KernelPool"),
    .target(name: "PoolWalk", dependencies: ["KernelPool"]),
    .target(name: "PoolInvariants", dependencies: ["KernelPool"]),
    .target(name: "PoolTrace", dependencies: ["KernelPool", "PoolWalk", "PoolInvariants"]),
    .target(name: "PropertyTesting"),
    .target(
      name: "PoolFuzzing",
      dependencies: ["KernelPool", "PoolWalk", "PoolTrace", "PoolInvariants", "PropertyTesting"]),
    .target(name: "FragmentationSearch", dependencies: ["KernelPool", "PoolTrace"]),
    .target(name: "PoolDebugger", dependencies: ["KernelPool", "PoolWalk"]),
    .target(name: "PoolReport", dependencies: ["KernelPool", "PoolWalk"]),
    .target(
      name: "PoolReconstruction",
      dependencies: ["KernelPool", "PoolWalk", "PoolTrace", "PoolDebugger", "PropertyTesting"]),
    .executableTarget(
      name: "poolfuzz",
      dependencies: [
        "KernelPool", "PoolTrace", "PoolInvariants", "FragmentationSearch", "PoolDebugger",
        "PoolReport", "PoolReconstruction", "PoolFuzzing", "PropertyTesting",
      ]),
    .testTarget(name: "KernelPoolTests", dependencies: ["KernelPool", "PoolTrace"]),
    .testTarget(
      name: "PoolTraceTests", dependencies: ["PoolTrace"],
      exclude: ["Golden", "BadTraces"]),
    .testTarget(
      name: "PoolInvariantsTests", dependencies: ["PoolInvariants", "PoolTrace"]),
    .testTarget(
      name: "PoolFuzzingTests",
      dependencies: ["PoolFuzzing", "PoolTrace", "PoolInvariants", "PropertyTesting"]),
    .testTarget(name: "PropertyTestingTests", dependencies: ["PropertyTesting"]),
    .testTarget(name: "FragmentationSearchTests", dependencies: ["FragmentationSearch"]),
    .testTarget(
      name: "PoolDebuggerTests", dependencies: ["PoolDebugger", "PoolTrace", "PoolReport"],
      exclude: ["Listings"]),
    .testTarget(
      name: "PoolReconstructionTests",
      dependencies: ["PoolReconstruction", "PoolDebugger", "PoolTrace", "PoolWalk"]),
    .testTarget(name: "CommandLineTests", dependencies: ["poolfuzz"]),
  ],
  swiftLanguageModes: [.v6]
)
