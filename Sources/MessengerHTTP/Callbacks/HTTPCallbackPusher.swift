import MessengerAPI
import MessengerCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Pushes over HTTP/1.1, with a connection per device that is kept while it is in use.
///
/// Written on SwiftNIO because the connection must go to the very address that was checked, with Host and SNI kept:
/// HTTP clients resolve the name themselves, and it may then be another address.
public final class HTTPCallbackPusher: CallbackPusher {
    static let timeout = TimeAmount(CallbackRequest.timeout)
    private static let idleTimeout = TimeAmount.seconds(30)
    private static let maximumKept = 1_000

    private let callbackGuard: CallbackGuard
    private let executors: [EventLoopExecutor]
    private let tls: NIOSSLContext
    private let lookUp: SystemHostLookUp.Resolve
    private let kept = Mutex<[DeviceID: Kept]>([:])

    private struct Kept {
        let channel: any Channel
        let address: CallbackAddress
        let origin: ClientOrigin
    }

    /// - Parameters:
    ///   - trustRoots: whose certificates count; tests bring their own.
    ///   - lookUp: finds a name's address, blocking.
    init(
        callbackGuard: CallbackGuard, group: any EventLoopGroup, trustRoots: NIOSSLTrustRoots,
        lookUp: @escaping SystemHostLookUp.Resolve
    ) throws {
        self.callbackGuard = callbackGuard
        self.lookUp = lookUp
        executors = group.makeIterator().map { EventLoopExecutor($0) }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.trustRoots = trustRoots
        tls = try NIOSSLContext(configuration: configuration)
    }

    public func push(_ request: CallbackRequest) async -> CallbackOutcome {
        do {
            let loop = home(of: request.device).loop
            let status = loop.inEventLoop ? start(request, on: loop) : loop.flatSubmit { self.start(request, on: loop) }
            return .status(try await status.get())
        } catch {
            return .failed("\(error)")
        }
    }

    public func executor(for device: DeviceID) -> (any TaskExecutor)? { home(of: device) }

    private func home(of device: DeviceID) -> EventLoopExecutor {
        executors[Int(UInt64(bitPattern: device.rawValue) % UInt64(executors.count))]
    }

    public func release(_ device: DeviceID) async {
        kept.withLock { $0.removeValue(forKey: device) }?.channel.close(promise: nil)
    }

    private func start(_ request: CallbackRequest, on loop: any EventLoop) -> EventLoopFuture<Int> {
        let status = loop.makePromise(of: Int.self)
        let attempt = Attempt(status: status)
        let deadline = loop.scheduleTask(in: Self.timeout) { attempt.expire() }
        connection(for: request, on: loop).whenComplete { result in
            switch result {
            case .success(let channel):
                if attempt.adopt(channel) { channel.writeAndFlush(Self.post(request, status), promise: nil) }
            case .failure(let error): status.fail(error)
            }
        }
        status.futureResult.whenComplete { _ in deadline.cancel() }
        return status.futureResult
    }

    private static func post(_ request: CallbackRequest, _ status: EventLoopPromise<Int>) -> CallbackExchange.Post {
        var headers = HTTPHeaders([
            ("Host", request.address.authority), ("Content-Type", "application/json"),
            ("Content-Length", "\(request.body.count)"), ("User-Agent", "messenger"),
        ])
        for header in request.headers { headers.add(name: header.name, value: header.value) }
        return CallbackExchange.Post(
            head: HTTPRequestHead(version: .http1_1, method: .POST, uri: request.address.path, headers: headers),
            body: ByteBuffer(bytes: request.body), status: status)
    }

    private func connection(for request: CallbackRequest, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
        if let known = kept.withLock({ $0[request.device] }) {
            if known.channel.isActive, known.address == request.address, known.origin == request.origin {
                return loop.makeSucceededFuture(known.channel)
            }
            known.channel.close(promise: nil)
        }
        return resolve(request.address, on: loop).flatMapThrowing { target in
            guard let address = target.ipAddress.flatMap({ IPAddress($0) }) else { throw CallbackGuard.Refusal.neverAllowed }
            try self.callbackGuard.check(address, port: request.address.port, origin: request.origin)
            return target
        }.flatMap { target in self.connect(to: target, request, on: loop) }
    }

    /// One look-up, and its first answer.
    private func resolve(_ address: CallbackAddress, on loop: any EventLoop) -> EventLoopFuture<SocketAddress> {
        if let literal = try? SocketAddress(ipAddress: address.host, port: address.port) {
            return loop.makeSucceededFuture(literal)
        }
        return NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
            try self.lookUp(address.host, address.port)
        }
    }

    private func connect(
        to target: SocketAddress, _ request: CallbackRequest, on loop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: loop).connectTimeout(Self.timeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if request.address.isSecure {
                        let name = IPAddress(request.address.host) == nil ? request.address.host : nil
                        try pipeline.addHandler(NIOSSLClientHandler(context: self.tls, serverHostname: name))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idleTimeout))
                    try pipeline.addHandler(CallbackExchange())
                }
            }
            .connect(to: target)
            .map { channel in
                self.keep(Kept(channel: channel, address: request.address, origin: request.origin), for: request.device)
                return channel
            }
    }

    private func keep(_ connection: Kept, for device: DeviceID) {
        kept.withLock { kept in
            if kept.count < Self.maximumKept { kept[device] = connection }
        }
        connection.channel.closeFuture.whenComplete { _ in
            self.kept.withLock { kept in
                if kept[device]?.channel === connection.channel { kept[device] = nil }
            }
        }
    }

    /// Ties a deadline to whatever connection an attempt ends up with.
    private final class Attempt: Sendable {
        private let status: EventLoopPromise<Int>
        private let state = Mutex<(isOver: Bool, channel: (any Channel)?)>((false, nil))

        init(status: EventLoopPromise<Int>) { self.status = status }

        /// False, and the connection is closed, when it came too late.
        func adopt(_ channel: any Channel) -> Bool {
            let isOver = state.withLock { state in
                state.channel = channel
                return state.isOver
            }
            if isOver { channel.close(promise: nil) }
            return !isOver
        }

        func expire() {
            let channel = state.withLock { state in
                state.isOver = true
                return state.channel
            }
            if let channel {
                channel.triggerUserOutboundEvent(CallbackExchange.DeadlinePassed(), promise: nil)
            } else {
                status.fail(CallbackExchange.Failure.timeout)
            }
        }
    }
}
