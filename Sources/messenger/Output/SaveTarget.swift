import Foundation
import MessengerClient

/// Where a file is saved: the place that the person named, and of the sender's name what is safe.
struct SaveTarget {
    let file: URL

    /// - Parameter place: a folder or a file; nil for the current folder.
    init(_ attachment: Attachment, place: String?) { self.init(fileName: attachment.fileName, place: place) }

    init(fileName: String, place: String?) {
        let path = URL(filePath: Self.expanded(place ?? "."))
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path.path, isDirectory: &isFolder)
        file = exists && isFolder.boolValue ? path.appending(path: fileName) : path
    }

    var exists: Bool { FileManager.default.fileExists(atPath: file.path) }

    /// A path as a shell reads it that begins with the home folder.
    static func expanded(_ path: String) -> String {
        path == "~" || path.hasPrefix("~/") ? NSHomeDirectory() + path.dropFirst() : path
    }
}
