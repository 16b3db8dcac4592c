/// What every connection's handlers need to know.
struct FrontSettings: Sendable {
    let times: ConnectionTimes
    /// The methods of a path, nil when there is no such path.
    let allowedMethods: @Sendable (String) -> String?
    let sends: SendRoute
}
