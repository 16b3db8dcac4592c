import MessengerAPI
import MessengerCore

extension CallbackStore {
    public func callbacksDue(of users: [UserID]?) async throws -> [CallbackDue] {
        try await callbacksDue(of: users, besides: [])
    }
}
