import MessengerAPI
import MessengerCore
import NIOCore

/// Writes events in the format of server-sent events (WHATWG HTML, 9.2). JSON has no line breaks, so data is one line.
enum EventStreamEncoder {
    static func encode(_ events: [StreamEvent]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for event in events { write(event, to: &buffer) }
        return buffer
    }

    private static func write(_ event: StreamEvent, to buffer: inout ByteBuffer) {
        switch event {
        case .message(let message):
            buffer.writeString("id: \(message.number)\n")
            write("message", data: message.delivered.json, to: &buffer)
        case .gap(let gap): write("gap", data: WireJSON.encode(gap), to: &buffer)
        case .caughtUp: write("caught-up", to: &buffer)
        case .replaced: write("replaced", to: &buffer)
        case .loggedOut: write("logged-out", to: &buffer)
        case .closing: write("closing", to: &buffer)
        case .keepAlive: buffer.writeString(":\n\n")
        }
    }

    private static func write(_ name: String, data: [UInt8] = Array("{}".utf8), to buffer: inout ByteBuffer) {
        buffer.writeString("event: \(name)\ndata: ")
        buffer.writeBytes(data)
        buffer.writeString("\n\n")
    }
}
