extension Attachment {
    private static let longestName = 200

    /// A name for the file that is safe in any folder: made of the sender's, which may be anything. Never empty, never a path,
    /// never hidden.
    public var fileName: String { Self.fileName(name) }

    static func fileName(_ name: String) -> String {
        // Not by character: a slash with an accent is another character, but the same byte.
        let last = name.unicodeScalars.split { $0 == "/" || $0 == "\\" }.last ?? Substring().unicodeScalars
        var scalars = last.filter(isVisible).drop { ".-~".unicodeScalars.contains($0) || $0.properties.isWhitespace }
        while let end = scalars.last, end == "." || end.properties.isWhitespace { scalars.removeLast() }
        return scalars.isEmpty ? "attachment" : shortened(String(String.UnicodeScalarView(scalars)))
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }

    /// With its extension, if that is one.
    private static func shortened(_ name: String) -> String {
        guard name.utf8.count > longestName else { return name }
        let ending = name.split(separator: ".").last.map { "." + $0 } ?? ""
        let kept = ending.utf8.count <= 12 && ending.utf8.count < name.utf8.count ? ending : ""
        var stem = name.dropLast(kept.count)
        while stem.utf8.count + kept.utf8.count > longestName { stem.removeLast() }
        return stem + kept
    }

    /// What a file of this name usually is.
    static func mediaType(of name: String) -> String {
        let ending = name.split(separator: ".").dropFirst().last?.lowercased() ?? ""
        return usualTypes[ending] ?? "application/octet-stream"
    }

    private static let usualTypes = [
        "avif": "image/avif", "gif": "image/gif", "heic": "image/heic", "jpeg": "image/jpeg", "jpg": "image/jpeg",
        "png": "image/png", "svg": "image/svg+xml", "webp": "image/webp", "mp3": "audio/mpeg", "ogg": "audio/ogg",
        "opus": "audio/opus", "wav": "audio/wav", "mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm",
        "csv": "text/csv", "html": "text/html", "md": "text/markdown", "txt": "text/plain", "json": "application/json",
        "pdf": "application/pdf", "zip": "application/zip",
    ]
}
