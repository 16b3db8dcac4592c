import Foundation
import KeyLog
import MessengerAPI
import MessengerCrypto

/// Getting a client: a new account, another login, or the store of an earlier one.
extension Messenger {
    /// Makes a user, an account and this device, and publishes their keys. Throws `usernameTaken`, `storeExists`.
    ///
    /// When it fails after the user was made, `logIn` with the same store, or an empty one, goes on.
    public static func register(
        username: String, phoneNumber: String, password: String, invitation: String? = nil, at server: ServerAddress,
        store: StoreLocation, configuration: MessengerConfiguration = MessengerConfiguration()
    ) async throws -> Registration {
        guard !LocalStore.exists(at: store) else { throw MessengerError.storeExists }
        let api = MessengerAPIClient(transport: try configuration.makeTransport(server))
        do {
            _ = try await api.register(
                username: username, phoneNumber: phoneNumber, password: password, invitation: invitation)
        } catch let failure as APIFailure {
            await api.transport.shutdown()
            throw failure.status == 409 ? MessengerError.usernameTaken : failure.error
        }
        await api.transport.shutdown()
        let messenger = try await logIn(
            username: username, password: password, at: server, store: store, configuration: configuration)
        guard let secret = try await messenger.recoverySecret() else { throw MessengerError.notCertified }
        return Registration(messenger: messenger, recoverySecret: secret)
    }

    /// Logs in. A store that is there goes on as the same device. A new one becomes a new device: of a user who has no keys yet,
    /// with a new account (its secret is in `recoverySecret`); with the recovery secret, certified by it; else it waits for a link.
    public static func logIn(
        username: String, password: String, at server: ServerAddress, store location: StoreLocation,
        recovery: RecoverySecret? = nil, configuration: MessengerConfiguration = MessengerConfiguration()
    ) async throws -> Messenger {
        let name = username.precomposedStringWithCanonicalMapping
        let existing =
            LocalStore.exists(at: location) ? try LocalStore.open(location, beforeWrite: configuration.beforeWrite) : nil
        do {
            let profile = if let existing { try await Profile.load(from: existing) } else { nil as Profile? }
            if let profile, profile.username != name || profile.server.url != server.url { throw MessengerError.storeExists }
            let api = MessengerAPIClient(transport: try configuration.makeTransport(server))
            let login = try await logIn(name, password, device: profile?.sessionDevice, api)
            let store = try existing ?? LocalStore.create(at: location, beforeWrite: configuration.beforeWrite)
            if let profile {
                try await profile.update { $0.renew(login) }
                return try await assemble(store, profile, api, configuration).established(recovery)
            }
            let identity = Identity(newDeviceOf: name, at: server, suite: configuration.suite, login)
            let fresh = try Profile(identity, store: store)
            try await fresh.update { _ in }
            return try await assemble(store, fresh, api, configuration).established(recovery)
        } catch let failure as APIFailure {
            throw failure.error
        }
    }

    private static func logIn(
        _ name: String, _ password: String, device: DeviceID?, _ api: MessengerAPIClient
    ) async throws -> LoginResponse {
        do {
            return try await api.logIn(username: name, password: password, publicKey: "", device: device)
        } catch let failure as APIFailure where failure.status == 401 {
            await api.transport.shutdown()
            throw MessengerError.wrongCredentials
        }
    }

    /// Opens the store of an earlier login; the server is asked nothing. Throws `noStore`, `storeLocked`, `storeInUse`.
    public static func open(
        _ location: StoreLocation, configuration: MessengerConfiguration = MessengerConfiguration()
    ) async throws -> Messenger {
        let store = try LocalStore.open(location, beforeWrite: configuration.beforeWrite)
        let profile = try await Profile.load(from: store)
        let api = MessengerAPIClient(transport: try configuration.makeTransport(profile.server))
        let messenger = assemble(store, profile, api, configuration)
        do {
            try await messenger.removeExpired()
            return messenger
        } catch {
            await messenger.close()
            throw error
        }
    }

    public static func exists(at location: StoreLocation) -> Bool { LocalStore.exists(at: location) }

    private static func assemble(
        _ store: LocalStore, _ profile: Profile, _ api: MessengerAPIClient, _ configuration: MessengerConfiguration
    ) -> Messenger {
        Messenger(ClientParts(store: store, api: api, profile: profile, configuration: configuration))
    }

    /// The same client once it has an account, if it can have one. On failure it is closed.
    private func established(_ recovery: RecoverySecret?) async throws -> Messenger {
        do {
            try await explaining { try await self.establish(recovery) }
            return self
        } catch {
            await close()
            throw error
        }
    }
}
