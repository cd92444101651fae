// swift-tools-version: 6.2
import PackageDescription

// Its sources are links to those of `weir-bench`: the same code, compiled outside the engine's
// package, as a user's is. (Nexmark's queries are a product of the engine's package, since the names of
// targets must differ; they use what a user may use.)
let package = Package(
    name: "downstream",
    platforms: [.macOS(.v26)],
    traits: [
        .trait(name: "RocksDB", description: "State larger than memory (needs librocksdb-dev).")
    ],
    dependencies: [
        .package(
            name: "weir", path: "../..",
            traits: [.defaults, .trait(name: "RocksDB", condition: .when(traits: ["RocksDB"]))]),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        .executableTarget(
            name: "downstream-bench",
            dependencies: [
                .product(name: "CBenchProbes", package: "weir"),
                .product(name: "Weir", package: "weir"),
                .product(name: "WeirNexmark", package: "weir"),
                .product(name: "WeirRocksDB", package: "weir"),
                .product(name: "WeirTesting", package: "weir"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "Sources/DownstreamBench",
            swiftSettings: [
                .swiftLanguageMode(.v6),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ])
    ]
)
