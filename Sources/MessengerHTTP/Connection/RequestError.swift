/// What is wrong with an HTTP/1.1 request before there is a head to route.
enum RequestError: Error {
    case lineTooLong
    case unknownMethod(path: String?, accept: String?)
    /// RFC 9112 demands the end of the connection.
    case invalidHead(accept: String?)
}
