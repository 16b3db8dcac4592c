/// A number of bytes as people read it.
enum FileSize {
    /// Such as `3 bytes`, `1.2 KB` or `340 MB`: thousands, as file managers count.
    static func text(_ bytes: Int) -> String {
        if bytes < 1_000 { return bytes == 1 ? "1 byte" : "\(bytes) bytes" }
        var value = Double(bytes)
        var unit = ""
        for next in ["KB", "MB", "GB", "TB", "PB", "EB"] where value >= 999.5 {
            value /= 1_000
            unit = next
        }
        let tenths = Int((value * 10).rounded())
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(Int(value.rounded())) \(unit)"
    }
}
