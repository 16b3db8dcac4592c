/// Finds the addresses of host names.
public protocol HostLookUp: Sendable {
    /// The address that a callback to the name would go to now. Nil when there is none, or when finding it would take long.
    func address(of host: String, port: Int) async -> IPAddress?
}
