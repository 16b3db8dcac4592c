/// What `ConnectionGuard` tells `RequestGuard` as an inbound event when the server stops: the request under way is the
/// connection's last; without one, the next is.
struct Farewell: Sendable {}
