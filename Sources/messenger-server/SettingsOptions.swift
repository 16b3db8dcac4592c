import ArgumentParser

/// The settings as flags. All are optional here: what is not given comes from the environment, a file, or the defaults.
struct SettingsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where the API listens. (default: 0.0.0.0)", valueName: "address"))
    var host: String?

    @Option(help: ArgumentHelp("The port of the API; 0 takes a free one. (default: 5000)", valueName: "number"))
    var port: String?

    @Option(help: ArgumentHelp("The folder for everything the server writes. (default: data)", valueName: "folder"))
    var dataDir: String?

    @Option(
        help: ArgumentHelp(
            "The folder with certificate.pem and private_key.pem; a self-signed pair is made when neither is there. (default: cert)",
            valueName: "folder"))
    var certDir: String?

    @Flag(help: "Plain HTTP, for a server behind a TLS proxy.")
    var noTls = false

    @Option(
        help: ArgumentHelp(
            "Requests per second and client address (IPv6: /64); 0 is off, for the login limits too. (default: 100)",
            valueName: "number"))
    var rateLimit: String?

    @Option(help: ArgumentHelp("Requests at once before the rate limit bites. (default: 1000)", valueName: "number"))
    var rateBurst: String?

    @Option(
        help: ArgumentHelp(
            "Addresses outside the rate limit, such as 10.0.0.0/8; repeatable, or separated by commas.", valueName: "range"))
    var rateExempt: [String] = []

    @Option(
        help: ArgumentHelp("Proxies whose X-Forwarded-For is believed; repeatable, or separated by commas.", valueName: "range"))
    var trustedProxies: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where callbacks may go besides the client's own address; repeatable, or separated by commas.", valueName: "range"))
    var callbackAllow: [String] = []

    @Option(help: ArgumentHelp("Who may register: open, invite or closed. (default: open)", valueName: "who"))
    var registration: String?

    @Flag(help: "Lets DELETE /api/users/ go without a token, as the very first clients did: anyone can delete anyone.")
    var openDelete = false

    @Option(help: ArgumentHelp("How long an unread message waits, in s, m, h or d. (default: 30d)", valueName: "duration"))
    var messageTtl: String?

    @Option(
        help: ArgumentHelp(
            "The largest attachment, in bytes or with K, M, G; a user may keep 16 times as much. (default: 64M)",
            valueName: "size"))
    var blobLimit: String?

    @Option(help: ArgumentHelp("How long an attachment stays, in s, m, h or d. (default: 30d)", valueName: "duration"))
    var blobTtl: String?

    @Option(
        help: ArgumentHelp(
            "Sends are refused while the disk has less free, in bytes or with K, M, G. (default: 256M)", valueName: "size"))
    var minFree: String?

    @Option(
        help: ArgumentHelp(
            "The database of a scaled-out installation: postgres://user@host/name. (default: SQLite in the data folder)",
            valueName: "address"))
    var database: String?

    @Option(
        help: ArgumentHelp(
            "The broker of a scaled-out installation: amqp://user@host/vhost. (default: local, within the process)",
            valueName: "address"))
    var broker: String?

    @Option(
        help: ArgumentHelp("trace, debug, info, notice, warning, error or critical. (default: info)", valueName: "level"))
    var logLevel: String?

    @Option(help: ArgumentHelp("text for people, json for machines. (default: text)", valueName: "format"))
    var logFormat: String?

    @Option(
        help: ArgumentHelp(
            "A JSON file of settings, named like the flags: {\"port\": 5000, \"callback-allow\": [\"10.0.0.0/8\"]}.",
            valueName: "path"))
    var config: String?

    /// The flags that were given, by name.
    var given: [String: [String]] {
        let single: [(String, String?)] = [
            ("host", host), ("port", port), ("data-dir", dataDir), ("cert-dir", certDir), ("rate-limit", rateLimit),
            ("rate-burst", rateBurst), ("registration", registration), ("message-ttl", messageTtl), ("blob-limit", blobLimit),
            ("blob-ttl", blobTtl), ("min-free", minFree),
            ("database", database), ("broker", broker), ("log-level", logLevel), ("log-format", logFormat),
            ("no-tls", noTls ? "true" : nil),
            ("open-delete", openDelete ? "true" : nil),
        ]
        let many = [("rate-exempt", rateExempt), ("trusted-proxies", trustedProxies), ("callback-allow", callbackAllow)]
        var given = Dictionary(uniqueKeysWithValues: many.filter { !$0.1.isEmpty })
        for case (let name, let value?) in single { given[name] = [value] }
        return given
    }
}
