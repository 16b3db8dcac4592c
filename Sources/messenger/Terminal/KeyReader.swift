import Foundation
import Glibc

/// Reads keys from a terminal on a thread of its own, for a read cannot be called off.
enum KeyReader {
    /// After this long an ESC was the key and not the beginning of another.
    private static let escapeTimeout: Int32 = 50

    /// Ends when the terminal does. The thread ends with the process, or with the first key after the stream is dropped.
    static func keys(from descriptor: Int32 = STDIN_FILENO) -> AsyncStream<Key> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                var decoder = KeyDecoder()
                var buffer = [UInt8](repeating: 0, count: 4_096)
                while true {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                    let count = poll(&ready, 1, decoder.isWaiting ? escapeTimeout : -1)
                    if count < 0, errno == EINTR { continue }
                    let keys: [Key]
                    if count == 0 {
                        keys = decoder.flush()
                    } else {
                        let length = read(descriptor, &buffer, buffer.count)
                        if length < 0, errno == EINTR { continue }
                        guard length > 0 else { break }
                        keys = decoder.keys(buffer[..<length])
                    }
                    for key in keys {
                        if case .terminated = continuation.yield(key) { return }
                    }
                }
                continuation.finish()
            }
        }
    }
}
