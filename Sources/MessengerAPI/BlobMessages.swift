/// The answer to a blob's beginning.
public struct BlobResponse: Codable, Sendable {
    /// base64url of 32 bytes.
    public let blobID: String

    public init(blobID: String) { self.blobID = blobID }

    enum CodingKeys: String, CodingKey { case blobID = "blob_id" }
}

/// The fields of an upload, as the IETF's resumable uploads name them (draft-ietf-httpbis-resumable-upload).
public enum UploadField {
    /// How much of the blob the server has; in a request, where its body belongs.
    public static let offset = "Upload-Offset"
    /// The length of the whole blob.
    public static let length = "Upload-Length"
    /// `?1` once all of it is there, else `?0`.
    public static let complete = "Upload-Complete"
    public static let mediaType = "application/partial-upload"
}
