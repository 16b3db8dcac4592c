/// What every connection's handlers need to know; one object, so that a connection holds no copy.
final class FrontSettings: Sendable {
    let times: ConnectionTimes
    /// The methods of a path, nil when there is no such path.
    let allowedMethods: @Sendable (String) -> String?
    let sends: SendRoute
    let streams: StreamRoute

    init(
        times: ConnectionTimes, allowedMethods: @escaping @Sendable (String) -> String?, sends: SendRoute, streams: StreamRoute
    ) {
        self.times = times
        self.allowedMethods = allowedMethods
        self.sends = sends
        self.streams = streams
    }
}
