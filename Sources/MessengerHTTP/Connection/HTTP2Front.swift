import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2

/// An HTTP/2 connection, from bytes to requests. NIO's own limits end floods of resets (CVE-2023-44487), of pings, settings,
/// empty and continuation frames, and of errors that make the server reset (CVE-2025-8671): 200 within 30 s, or less.
struct HTTP2Front: HTTPChannelHandler {
    typealias Stream = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    struct Value: ServerChildChannelValue {
        let streams: NIOHTTP2Handler.AsyncStreamMultiplexer<Stream>
        let channel: any Channel
    }

    private static let maximumStreams = 100
    /// Well beyond the limits, so that `RequestGuard` sees what is too large and can say what it is.
    private static let maximumHeaderBytes = 80 << 10
    /// For the requests under way when a client has been asked to go.
    private static let graceTime = TimeAmount.seconds(2)

    let settings: FrontSettings
    let responder: Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var http2 = NIOHTTP2Handler.Configuration()
            http2.connection.initialSettings = [
                HTTP2Setting(parameter: .maxConcurrentStreams, value: Self.maximumStreams),
                HTTP2Setting(parameter: .maxHeaderListSize, value: Self.maximumHeaderBytes),
            ]
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(FrameGuard(time: settings.times.head))
            try pipeline.addHandler(EarlySettings())
            let streams = try pipeline.configureAsyncHTTP2Pipeline(
                mode: .server,
                connectionManagerConfiguration: .init(
                    maxIdleTime: TimeAmount(settings.times.idle), maxAge: nil, maxGraceTime: Self.graceTime, keepalive: nil),
                http2HandlerConfiguration: http2
            ) { setup(stream: $0, logger: logger) }
            try pipeline.addHandler(HTTP2ErrorHandler())
            return Value(streams: streams, channel: channel)
        }
    }

    private func setup(stream: any Channel, logger: Logger) -> EventLoopFuture<Stream> {
        stream.eventLoop.makeCompletedFuture {
            let pipeline = stream.pipeline.syncOperations
            try pipeline.addHandler(HTTP2FramePayloadToHTTPServerCodec())
            try pipeline.addHandler(RequestGuard(times: settings.times, allowedMethods: settings.allowedMethods))
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: settings.times.idle, logger: logger))
            try pipeline.addHandler(DirectHandler(sends: settings.sends, streams: settings.streams))
            return try Stream(wrappingChannelSynchronously: stream)
        }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            try await withThrowingDiscardingTaskGroup { group in
                for try await stream in value.streams.inbound {
                    group.addTask { await handleHTTP(asyncChannel: stream, logger: logger) }
                }
            }
        } catch {
            logger.debug("HTTP/2 connection ended", metadata: ["error": "\(error)"])
        }
    }
}
