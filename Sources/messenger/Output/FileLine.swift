import MessengerClient

/// The file of a message, for programs.
struct FileLine: Encodable {
    /// As the sender named it.
    let name: String
    let size: Int
    let mediaType: String

    init(_ attachment: Attachment) {
        name = attachment.name
        size = attachment.size
        mediaType = attachment.mediaType
    }

    enum CodingKeys: String, CodingKey {
        case name, size
        case mediaType = "media_type"
    }
}
