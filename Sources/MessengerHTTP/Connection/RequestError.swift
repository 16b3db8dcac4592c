/// What is wrong with a request as HTTP.
enum RequestError: Error {
    /// The client went, or broke the protocol, before the end of the body.
    case bodyCut
    case lineTooLong
    case unknownMethod(path: String?, accept: String?)
    /// RFC 9112 demands the end of the connection.
    case invalidHead(accept: String?)
}
