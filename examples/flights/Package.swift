// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "flights",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "weir", path: "../..")],
    targets: [
        .executableTarget(
            name: "flights",
            dependencies: [
                .product(name: "Weir", package: "weir"),
                .product(name: "WeirSQLite", package: "weir"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
