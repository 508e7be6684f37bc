// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "EdgeLM",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [
        .library(name: "EdgeLM", targets: ["EdgeLM"]),
        .library(name: "EdgeLMDemoModel", targets: ["EdgeLMDemoModel"]),
        .executable(name: "edgelm-driver", targets: ["edgelm-driver"]),
    ],
    targets: [
        .target(name: "EdgeLM"),
        .target(name: "EdgeLMDemoModel", dependencies: ["EdgeLM"]),
        .executableTarget(name: "edgelm-driver", dependencies: ["EdgeLM"]),
        .testTarget(name: "EdgeLMTests", dependencies: ["EdgeLM"]),
        .testTarget(name: "EdgeLMDemoModelTests", dependencies: ["EdgeLM", "EdgeLMDemoModel"]),
    ]
)
