// swift-tools-version: 6.2
import CompilerPluginSupport
import PackageDescription

// CI sets this; a newer compiler's new warnings must not break the build of those who use Weir.
let warningsAreErrors = Context.environment["WEIR_WARNINGS_AS_ERRORS"] == "1"

let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (warningsAreErrors ? [.treatAllWarnings(as: .error)] : [])

func library(_ name: String) -> Product { .library(name: name, targets: [name]) }

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

// simdjson's interface is compiled with its user, who says which instructions there are.
#if arch(x86_64)
    let yardstickFlags = ["-march=haswell"]
#else
    let yardstickFlags: [String] = []
#endif

let package = Package(
    name: "weir",
    platforms: [.macOS(.v26)],
    products: [
        library("Weir"), library("WeirSQLite"), library("WeirRocksDB"), library("WeirMacros"),
        library("WeirTesting"),
        .executable(name: "weir-bench", targets: ["WeirBench"]), library("WeirNexmark"),
        // Counts allocations by taking the allocator's place: for benchmarks outside the package too.
        library("CBenchProbes"),
    ],
    traits: [
        .trait(name: "GZip", description: "Read and write .gz files (needs zlib1g-dev)."),
        .trait(name: "LZ4", description: "Read and write .lz4 files (needs liblz4-dev)."),
        .trait(
            name: "RocksDB",
            description: "State larger than memory, in RocksDB (needs librocksdb-dev)."),
        .trait(
            name: "Yardsticks",
            description: "What `weir-bench decode` is compared with (needs libsimdjson-dev)."),
        .trait(name: "Macros", description: "The @Record macro (builds swift-syntax: minutes)."),
        .default(enabledTraits: ["GZip", "LZ4"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/swiftlang/swift-syntax", from: "603.0.1"),
    ],
    targets: [
        module("WeirCore"),
        module("WeirGraph", ["WeirCore"]),
        module(
            "WeirState",
            ["WeirCore", .target(name: "CLZ4", condition: .when(traits: ["LZ4"]))]),
        module("WeirRuntime", ["WeirCore", "WeirGraph", "WeirState"]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        module(
            "Weir",
            [
                "WeirCore", "WeirGraph", "WeirState", "WeirRuntime",
                .target(name: "CZlib", condition: .when(traits: ["GZip"])),
                .target(name: "CLZ4", condition: .when(traits: ["LZ4"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        module(
            "WeirSQLite",
            [
                "WeirCore", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),
        .systemLibrary(name: "CRocksDB", providers: [.apt(["librocksdb-dev"])]),
        module(
            "WeirRocksDB",
            ["WeirCore", .target(name: "CRocksDB", condition: .when(traits: ["RocksDB"]))]),
        .macro(
            name: "WeirMacrosPlugin",
            dependencies: [
                .product(
                    name: "SwiftSyntaxMacros", package: "swift-syntax",
                    condition: .when(traits: ["Macros"])),
                .product(
                    name: "SwiftCompilerPlugin", package: "swift-syntax",
                    condition: .when(traits: ["Macros"])),
            ],
            swiftSettings: settings),
        module("WeirMacros", ["WeirCore", "WeirMacrosPlugin"]),
        module("WeirTesting", ["WeirCore", "WeirGraph", "WeirState", "WeirRuntime"]),
        module("WeirNexmark", ["Weir"]),
        .target(name: "CBenchProbes"),
        .target(
            name: "CYardsticks",
            cxxSettings: [
                .define("WEIR_YARDSTICKS", .when(traits: ["Yardsticks"])),
                .unsafeFlags(yardstickFlags, .when(traits: ["Yardsticks"])),
            ],
            linkerSettings: [.linkedLibrary("simdjson", .when(traits: ["Yardsticks"]))]),
        .executableTarget(
            name: "WeirBench",
            dependencies: [
                "CBenchProbes", "Weir", "WeirNexmark", "WeirRocksDB", "WeirTesting",
                .target(name: "CYardsticks", condition: .when(traits: ["Yardsticks"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            swiftSettings: settings),
        tests("WeirCoreTests", ["WeirCore", "WeirTesting"]),
        tests("WeirGraphTests", ["WeirCore", "WeirGraph", "WeirRuntime"]),
        tests("WeirStateTests", ["WeirCore", "WeirState", "WeirTesting", "WeirRocksDB"]),
        tests(
            "WeirRuntimeTests",
            ["WeirCore", "WeirGraph", "WeirState", "WeirRuntime", "WeirTesting"]),
        tests("WeirTests", ["Weir", "WeirTesting"]),
        tests("WeirNexmarkTests", ["Weir", "WeirNexmark", "WeirTesting"]),
        // An executable's module cannot be imported: what is tested of it is compiled twice, by a link.
        tests("WeirBenchTests", [.product(name: "Histogram", package: "hdrhistogram-swift")]),
        tests(
            "WeirSQLiteTests",
            [
                "Weir", "WeirSQLite", "WeirTesting",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests(
            "WeirMacrosTests",
            [
                "WeirCore", "WeirMacros", "WeirMacrosPlugin",
                .product(
                    name: "SwiftSyntaxMacrosTestSupport", package: "swift-syntax",
                    condition: .when(traits: ["Macros"])),
            ]),
    ],
    cxxLanguageStandard: .cxx17
)
