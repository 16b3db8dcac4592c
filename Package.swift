// swift-tools-version:6.2
import PackageDescription

/// Targets from top to bottom; a target sees only what stands below it (docs/ARCHITECTURE.md).
let package = Package(
    name: "messenger",
    products: [
        .executable(name: "messenger", targets: ["messenger"]),
        .executable(name: "messenger-server", targets: ["messenger-server"]),
        .library(name: "MessengerClient", targets: ["MessengerClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "messenger-server",
            dependencies: [
                "MessengerHTTP", "SQLiteBackend", "ClusterBackend", "MessengerCore",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .executableTarget(
            name: "messenger",
            dependencies: [
                "CQRencode", "KeyLog", "MessengerClient", "MessengerCrypto",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "crypto-bench",
            dependencies: ["MessengerCrypto", "KeyLog", .product(name: "Crypto", package: "swift-crypto")],
            path: "Benchmarks/crypto-bench"),
        .executableTarget(
            name: "client-bench",
            dependencies: ["MessengerClient", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Benchmarks/client-bench"),
        .target(
            name: "MessengerHTTP",
            dependencies: [
                "MessengerCore", "MessengerAPI",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            resources: [.embedInCode("openapi.yaml")]),
        .target(
            name: "SQLiteBackend",
            dependencies: [
                "MessengerCore", "KeyLog",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .target(
            name: "ClusterBackend",
            dependencies: [
                "CPostgres", "CRabbitMQ", "MessengerCore", "MessengerAPI", "KeyLog",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .target(
            name: "MessengerCore",
            dependencies: [
                "CArgon2", "MessengerAPI", "KeyLog",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .target(
            name: "MessengerClient",
            dependencies: [
                "CArgon2", "MessengerCrypto", "KeyLog", "MessengerAPI",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(
            name: "MessengerCrypto",
            dependencies: ["KeyLog", "MessengerAPI", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "MessengerAPI", dependencies: ["KeyLog"]),
        .target(name: "KeyLog", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .systemLibrary(name: "CQRencode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .systemLibrary(name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),

        .executableTarget(name: "echo-bot", dependencies: ["MessengerClient"], path: "Examples/echo-bot"),
        .executableTarget(
            name: "messenger-bench",
            dependencies: [
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Benchmarks/messenger-bench"),

        .target(
            name: "TestSupport",
            dependencies: [
                "MessengerHTTP", "SQLiteBackend", "ClusterBackend", "MessengerCore", "MessengerAPI", "MessengerCrypto", "KeyLog",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/TestSupport"),
        .testTarget(name: "MessengerCoreTests", dependencies: ["MessengerCore", "MessengerAPI", "KeyLog", "TestSupport"]),
        .testTarget(
            name: "KeyLogTests", dependencies: ["KeyLog", "TestSupport", .product(name: "Crypto", package: "swift-crypto")]),
        .testTarget(
            name: "MessengerCryptoTests",
            dependencies: ["MessengerCrypto", "KeyLog", "TestSupport", .product(name: "Crypto", package: "swift-crypto")]),
        .testTarget(
            name: "MessengerClientTests",
            dependencies: [
                "MessengerClient", "MessengerCrypto", "KeyLog", "MessengerAPI", "TestSupport", "echo-bot",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        .testTarget(
            name: "BackendContractTests",
            dependencies: [
                "MessengerCore", "MessengerAPI", "MessengerCrypto", "KeyLog", "SQLiteBackend", "ClusterBackend", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "ClusterBackendTests",
            dependencies: [
                "ClusterBackend", "MessengerCore", "MessengerAPI", "MessengerHTTP", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .testTarget(
            name: "MessengerHTTPTests",
            dependencies: [
                "MessengerHTTP", "SQLiteBackend", "MessengerCore", "MessengerAPI", "MessengerCrypto", "KeyLog", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Yams", package: "Yams"),
            ]),
        .testTarget(
            name: "ServerCommandTests",
            dependencies: [
                "messenger-server", "SQLiteBackend", "ClusterBackend", "MessengerCore", "MessengerAPI", "KeyLog", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["schemathesis.toml"]),
        .testTarget(name: "TerminalClientTests", dependencies: ["messenger", "MessengerClient", "TestSupport"]),
        .testTarget(
            name: "ScenarioTests", dependencies: ["MessengerHTTP", "MessengerCore", "MessengerAPI", "TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
