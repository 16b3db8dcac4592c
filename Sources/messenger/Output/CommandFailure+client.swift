import ArgumentParser
import MessengerClient

extension CommandFailure {
    /// What an error of the client means for the person. Whether a server that seems to be away shows another certificate than the
    /// remembered one is looked up.
    static func explaining(_ error: any Error, server: ServerAddress?) async -> any Error {
        guard let error = error as? MessengerError else { return error }
        if case .unreachable = error, let server, let change = await ServerIntroduction.changedCertificate(of: server) {
            return change
        }
        return CommandFailure(error)
    }

    init(_ error: MessengerError) {
        self.init(status: Self.status(of: error), message: error.description, advice: Self.advice(for: error))
    }

    private static func status(of error: MessengerError) -> ExitStatus {
        switch error {
        case .wrongCredentials, .notCertified, .accountKeyNotHere, .loggedOut, .noStore: .notLoggedIn
        case .unknownUser, .noKeys: .unknownPerson
        case .newAccount, .notPostQuantum, .logContradiction, .note, .directory, .staleLog, .otherInstallation, .linkWrong:
            .securityWarning
        case .unreachable: .serverAway
        case .server(let status, _): status >= 500 ? .serverAway : .refused
        case .storeLocked, .storeInUse, .store, .file, .replaced: .storeUnusable
        case .notInGroup, .notAdmin: .notLoggedIn
        case .usernameTaken, .storeExists, .notFound, .linkExpired, .backup, .attachment, .attachmentGone, .invalid: .refused
        case .closed: .unexpected
        }
    }

    private static func advice(for error: MessengerError) -> String? {
        switch error {
        case .noStore: "Begin with `messenger register NAME --server HOST`, or `messenger login NAME --server HOST`."
        case .loggedOut: "Log in again with `messenger login`; what this device has stays."
        case .notCertified: "Run `messenger link` here, and `messenger link --approve` on a device of yours that works."
        case .newAccount(let name): "`messenger verify \(name)` shows the new safety number and asks whether you accept it."
        case .notPostQuantum(let name): "If you agree that they read it too: messenger send \(name) --accept-classical"
        case .storeInUse: "End the other `messenger` that runs with this folder, or use another account with --home."
        case .storeExists: "Use another folder with --home, or `messenger login` for the account that is there."
        case .noKeys(let name): "\(name) has to log in once with a client that encrypts."
        case .unreachable: "Check the network, and whether the server runs; what waits is sent next time."
        default: nil
        }
    }
}
