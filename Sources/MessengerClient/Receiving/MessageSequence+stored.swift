import KeyLog
import MessengerCrypto

/// How the store keeps what has come from a device.
extension MessageSequence {
    /// So many gaps are remembered; older ones are then taken for lost.
    private static let mostGaps = 64

    var storedBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: newest)
        bytes.append(newestHash)
        for gap in missing.suffix(Self.mostGaps) {
            bytes.append(bigEndian: gap.lowerBound)
            bytes.append(bigEndian: gap.upperBound)
        }
        return bytes
    }

    /// Nil when the bytes are none that were stored.
    init?(stored bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let newest = try? reader.integer(UInt64.self), let hash = try? reader.fixed(MessageHash.self) else { return nil }
        var missing: [ClosedRange<UInt64>] = []
        while reader.remaining > 0 {
            guard let first = try? reader.integer(UInt64.self), let last = try? reader.integer(UInt64.self), first <= last else {
                return nil
            }
            missing.append(first...last)
        }
        self.init(newest: newest, newestHash: hash, missing: missing)
    }
}
