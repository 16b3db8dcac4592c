/// What taking messages came to.
struct Taken: Sendable {
    let stored: [StoredArrival]
    /// Why those after them are not stored yet.
    let failure: (any Error)?
}
