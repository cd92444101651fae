// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "quickstart",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "weir", path: "../..")],
    targets: [
        .executableTarget(
            name: "quickstart", dependencies: [.product(name: "Weir", package: "weir")],
            swiftSettings: [.swiftLanguageMode(.v6)])
    ]
)
