import HTTPTypes
import MessengerAPI
import MessengerCore

/// Why a request is answered with an error: status, stable type, and what is safe to say. The one place where what goes
/// wrong inside becomes HTTP.
struct APIError: Error, Sendable {
    let status: HTTPResponse.Status
    /// Stable; part of the API.
    let type: String
    /// The short plain text.
    let text: String
    /// For those who ask for problem details.
    let detail: String
    var retryAfter: Duration?
    var allow: String?
    var unknownReceivers: [UserID]?
    var fullReceivers: [UserID]?
    var head: MessageNumber?
    var staleKeys: [StaleKeys]?
    var seq: UInt32?
    /// How much of a blob is there.
    var uploadOffset: Int?
    /// How long a blob is of which a part was asked for that it has not.
    var blobLength: Int?

    init(_ status: HTTPResponse.Status, _ type: String, _ text: String, detail: String? = nil) {
        self.status = status
        self.type = type
        self.text = text
        self.detail = detail ?? text
    }

    static func validation(_ detail: String) -> APIError {
        APIError(.badRequest, "validation", "Validation error.", detail: detail)
    }

    static func validation(field: String, _ reason: String) -> APIError { validation("\(field): \(reason)") }

    static let notAuthorized = APIError(.unauthorized, "not-authorized", "Not authorized.")
    static let invalidToken = APIError(.unauthorized, "invalid-token", "Invalid token.")
    static let notFound = APIError(.notFound, "not-found", "Not found.")
    static let bodyCut = APIError(.badRequest, "bad-request", "Bad request.", detail: "The body ended too soon.")
    static let bodyTooLarge = APIError(.contentTooLarge, "body-too-large", "Request body too large.")
    static let urlTooLong = APIError(.uriTooLong, "url-too-long", "URL too long.")
    static let headersTooLarge = APIError(.requestHeaderFieldsTooLarge, "headers-too-large", "Request headers too large.")
    static let notJSON = APIError(.unsupportedMediaType, "not-json", "Send the body as application/json.")
    static let notPartialUpload = APIError(
        .unsupportedMediaType, "not-partial-upload", "Send the body as \(UploadField.mediaType).")
    static let noSuchBlob = APIError(
        .notFound, "no-such-blob", "No such blob.", detail: "There is no such blob, it is not complete, or it has expired.")
    static let `internal` = APIError(.internalServerError, "internal", "Internal server error.")

    static func methodNotAllowed(_ allow: String) -> APIError {
        var error = APIError(.methodNotAllowed, "method-not-allowed", "Method not allowed.")
        error.allow = allow
        return error
    }

    static func rangeNotSatisfiable(length: Int) -> APIError {
        var error = APIError(
            .rangeNotSatisfiable, "range-not-satisfiable", "Range not satisfiable.", detail: "The blob has \(length) bytes.")
        error.blobLength = length
        return error
    }

    static func tooManyRequests(retryAfter: Duration) -> APIError {
        var error = APIError(.tooManyRequests, "too-many-requests", "Too many requests.")
        error.retryAfter = retryAfter
        return error
    }

    static func unavailable(_ text: String = "Service unavailable, try again.", retryAfter: Duration = .seconds(1)) -> APIError {
        var error = APIError(.serviceUnavailable, "unavailable", text)
        error.retryAfter = retryAfter
        return error
    }

    private static let diskFull = unavailable("The server's disk is full, try again later.", retryAfter: .seconds(30))

    /// Nil for an error that nobody foresaw.
    init?(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as AccountError: self = Self.account(error)
        case let error as SendRefusal: self = Self.send(error)
        case let error as InboxError: self = Self.inbox(error)
        case let error as KeyError: self = Self.keys(error)
        case let error as BlobError: self = Self.blobs(error)
        case is PasswordHasher.Busy: self = .unavailable("Too many logins at once, try again.")
        case is StoreError: self = .unavailable()
        case is CancellationError: self = .unavailable("The server stops.")
        default: return nil
        }
    }

    private static func account(_ error: AccountError) -> APIError {
        switch error {
        case .invalid(let field, let reason): return .validation(field: field, reason)
        case .taken: return APIError(.conflict, "taken", "Username or phone number is taken.")
        case .registrationClosed: return APIError(.forbidden, "registration-closed", "Registration is closed.")
        case .invitationNeeded: return APIError(.forbidden, "invitation-needed", "A valid invitation is needed.")
        case .unknownUser: return APIError(.notFound, "unknown-user", "User not found.")
        case .wrongPassword: return APIError(.unauthorized, "wrong-password", "Incorrect username or password.")
        case .slowDown(let pause):
            var refusal = APIError(.tooManyRequests, "slow-down", "Too many failed attempts, wait a moment.")
            refusal.retryAfter = pause
            return refusal
        case .foreignDevice: return .validation(field: "device_id", "Not a device of this user.")
        case .notYours: return APIError(.forbidden, "forbidden", "Not allowed.")
        }
    }

    private static func send(_ refusal: SendRefusal) -> APIError {
        switch refusal {
        case .invalid(let field, let reason): return .validation(field: field, reason)
        case .senderMismatch:
            return APIError(.unauthorized, "sender-mismatch", "Sender is not the token's user.")
        case .messageTooLarge:
            return APIError(
                .contentTooLarge, "message-too-large", "Message too large.",
                detail: "message: At most \(SendAttempt.maximumMessageBytes) bytes of UTF-8.")
        case .unknownReceivers(let users):
            var error = APIError(.badRequest, "unknown-receivers", "Unknown receiver.", detail: "receiver_id: No such user.")
            error.unknownReceivers = users
            return error
        case .staleKeys(let stale):
            var error = APIError(
                .conflict, "stale-keys", "The receiver's keys have changed.",
                detail: "keys_version: Not the current one. Seal the message anew to the current keys.")
            error.staleKeys = stale
            return error
        case .fullReceivers(let users):
            var error = APIError(.tooManyRequests, "full-receivers", "The receiver's inbox is full.")
            error.fullReceivers = users
            error.retryAfter = .seconds(60)
            return error
        case .keyReused:
            return APIError(
                .unprocessableContent, "key-reused", "The client_message_id stands for another message.",
                detail: "client_message_id: Used within 24 hours for another message, receiver or send_date.")
        case .tooManyKeys:
            var error = APIError(.tooManyRequests, "too-many-keys", "Too many client_message_ids within 24 hours.")
            error.retryAfter = .hours(1)
            return error
        case .diskFull: return .diskFull
        case .senderGone: return .invalidToken
        }
    }

    private static func inbox(_ error: InboxError) -> APIError {
        switch error {
        case .aheadOfInbox(let head):
            var refusal = APIError(
                .conflict, "ahead-of-inbox", "Ahead of the inbox.", detail: "The newest number of this inbox is \(head).")
            refusal.head = head
            return refusal
        case .superseded: return .invalidToken
        }
    }

    private static func keys(_ error: KeyError) -> APIError {
        switch error {
        case .invalid(let field, let reason): return .validation(field: field, reason)
        case .noKeys:
            return APIError(.notFound, "no-keys", "No keys.", detail: "There is no such user, or none of these keys.")
        case .staleState(let newest):
            var refusal = APIError(
                .conflict, "stale-state", "Not the next account state.", detail: "The account's newest state is \(newest).")
            refusal.seq = newest
            return refusal
        case .foreignDevice:
            return APIError(
                .forbidden, "forbidden", "Not allowed.", detail: "device: It belongs to another session of this user.")
        case .oneTimeKeysFull: return APIError(.conflict, "one-time-keys-full", "Too many one-time keys wait already.")
        case .knownAccount:
            return .validation(field: "state", "The account has been in the log before. Begin with a new account key.")
        case .tooManyStates(let pause):
            var refusal = APIError(.tooManyRequests, "too-many-states", "Too many account states, wait a while.")
            refusal.retryAfter = pause
            return refusal
        case .noteTaken: return APIError(.conflict, "note-taken", "There is another note under that id.")
        case .tooManyNotes:
            var refusal = APIError(.tooManyRequests, "too-many-notes", "Too many notes wait already.")
            refusal.retryAfter = .minutes(1)
            return refusal
        case .noSuchNote: return .notFound
        }
    }

    private static func blobs(_ error: BlobError) -> APIError {
        switch error {
        case .invalid(let field, let reason): return .validation(field: field, reason)
        case .tooLarge(let limit):
            return APIError(.contentTooLarge, "blob-too-large", "Blob too large.", detail: "At most \(limit) bytes.")
        case .full:
            var refusal = APIError(
                .tooManyRequests, "blobs-full", "Too many blobs.", detail: "Delete some, or wait until they expire.")
            refusal.retryAfter = .hours(1)
            return refusal
        case .tooManyUploads:
            var refusal = APIError(
                .tooManyRequests, "too-many-uploads", "Too many uploads.", detail: "Finish some of them, or delete their blobs.")
            refusal.retryAfter = .minutes(1)
            return refusal
        case .noSuchBlob: return .noSuchBlob
        case .notYours: return APIError(.forbidden, "forbidden", "Not allowed.", detail: "The blob is another user's.")
        case .offsetDiffers(let received):
            var refusal = APIError(
                .conflict, "upload-offset-mismatch", "The upload is elsewhere.", detail: "\(received) bytes are there.")
            refusal.uploadOffset = received
            return refusal
        case .diskFull: return .diskFull
        case .unknownUser: return .invalidToken
        }
    }
}
