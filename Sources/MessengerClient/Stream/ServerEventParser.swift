import Foundation
import MessengerAPI

/// Reads server-sent events from the pieces of a stream. Comments and events that are not known are passed over.
struct ServerEventParser {
    /// The server's largest event: 256 KiB of message, each byte written with six.
    static let largestEvent = 2 << 20

    private var waiting: [UInt8] = []
    private var name = ""
    private var data: [UInt8] = []

    /// The events that this piece completes. Throws `unreachable` for one that is too large or not as the API writes it:
    /// the stream is to be begun again.
    mutating func take(_ piece: [UInt8]) throws(MessengerError) -> [ServerEvent] {
        waiting += piece
        var events: [ServerEvent] = []
        var start = 0
        while let end = waiting[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if let event = try line(waiting[start..<end]) { events.append(event) }
            start = end + 1
        }
        waiting.removeFirst(start)
        guard waiting.count + data.count <= Self.largestEvent else { throw Self.broken }
        return events
    }

    private static let broken = MessengerError.unreachable("the stream is not as it should be")

    private mutating func line(_ line: ArraySlice<UInt8>) throws(MessengerError) -> ServerEvent? {
        guard !line.isEmpty else {
            defer {
                name = ""
                data = []
            }
            return try event()
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else { return nil }
        let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": name = String(decoding: value, as: UTF8.self)
        case "data": data += value
        default: break
        }
        return nil
    }

    private func event() throws(MessengerError) -> ServerEvent? {
        switch name {
        case "message": return .message(try decode())
        case "caught-up": return .caughtUp
        case "gap": return .gap(try decode())
        case "replaced": return .replaced
        case "logged-out": return .loggedOut
        case "closing": return .closing
        default: return nil
        }
    }

    private func decode<Value: Decodable>() throws(MessengerError) -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(data))
        } catch {
            throw Self.broken
        }
    }
}
