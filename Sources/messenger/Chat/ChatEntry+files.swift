import MessengerClient

extension ChatEntry {
    /// What is shown of a file: name, size, how to save it, and what was written with it.
    /// - Parameter save: what saves it, but for the number; nil when that is not to be said.
    static func text(of file: Attachment, at position: HistoryPosition, save: String?) -> String {
        let how = save.map { ": \($0) \(position.rawValue)" } ?? ""
        return "[\(file.fileName), \(FileSize.text(file.size))\(how)]" + (file.text.map { " " + $0 } ?? "")
    }
}
