import CQRencode

/// A QR code of some bytes, as dark and light modules.
struct QRCode {
    /// Modules along an edge.
    let width: Int
    private let modules: [UInt8]

    /// With error correction M, in the smallest version that holds the bytes. Nil for none, and for more than 2,331.
    init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, let code = QRcode_encodeData(Int32(clamping: bytes.count), bytes, 0, QR_ECLEVEL_M) else {
            return nil
        }
        defer { QRcode_free(code) }
        width = Int(code.pointee.width)
        modules = Array(UnsafeBufferPointer(start: code.pointee.data, count: width * width))
    }

    /// Outside of it everything is light.
    func isDark(_ column: Int, _ row: Int) -> Bool {
        guard (0..<width).contains(column), (0..<width).contains(row) else { return false }
        // The library keeps notes in the other bits.
        return modules[row * width + column] & 1 == 1
    }
}
