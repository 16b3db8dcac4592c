import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// An HTTP/1.1 connection, from bytes to requests.
struct HTTP1Front: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let settings: FrontSettings
    let responder: Responder

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let decoder = RequestDecoder()
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPResponseEncoder())
            try pipeline.addHandler(ByteToMessageHandler(decoder))
            try pipeline.addHandler(HTTP1Codec())
            try pipeline.addHandler(
                RequestGuard(times: settings.times, allowedMethods: settings.allowedMethods, decoder: decoder))
            try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: settings.times.idle, logger: logger))
            try pipeline.addHandler(DirectHandler(sends: settings.sends, streams: settings.streams))
            return try Value(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}
