/// How the program ends; those above 1 are the ones of sysexits.h, where it has a fitting one.
enum ExitStatus: Int32, CaseIterable {
    case done = 0
    /// What should not happen; please report it.
    case unexpected = 1
    case usage = 64
    case refused = 65
    case unknownPerson = 67
    case serverAway = 69
    case storeUnusable = 74
    case later = 75
    case securityWarning = 76
    case notLoggedIn = 77
    /// As the shell says of SIGINT.
    case interrupted = 130

    var meaning: String {
        switch self {
        case .done: "done"
        case .unexpected: "an error of the program"
        case .usage: "wrong arguments"
        case .refused: "refused by the server, or bad data"
        case .unknownPerson: "no such person, or one without keys"
        case .serverAway: "the server cannot be reached"
        case .storeUnusable: "files cannot be used, or another messenger uses them"
        case .later: "kept, and sent as soon as the server is there"
        case .securityWarning: "security warning: nothing was sent; read what it says"
        case .notLoggedIn: "not logged in, or this device may not do it"
        case .interrupted: "interrupted"
        }
    }

    /// For --help.
    static var table: String { allCases.map { "  \($0.rawValue)\t\($0.meaning)" }.joined(separator: "\n") }
}
