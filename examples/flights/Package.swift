// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "flights",
    platforms: [.macOS(.v26)],
    dependencies: [
        .package(name: "weir", path: "../.."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        .executableTarget(
            name: "flights",
            dependencies: [
                .product(name: "Weir", package: "weir"),
                .product(name: "WeirSQLite", package: "weir"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
