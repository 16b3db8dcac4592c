/// A file that somebody wants to send.
struct AttachmentDraft: Sendable {
    let path: String
    let destination: AttachmentDestination
    let name: String
    let mediaType: String
    let text: String?
}
