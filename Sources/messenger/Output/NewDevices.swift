import MessengerClient

/// What is said of devices that somebody has got.
enum NewDevices {
    /// - Parameter owner: made harmless here.
    static func text(_ devices: [Device], of owner: String, me: String) -> String {
        devices.map { device in
            let kind = [device.isWeb ? "a browser" : nil, device.isPostQuantum ? nil : "not post-quantum"].compactMap { $0 }
            let marks = kind.isEmpty ? "" : " (" + kind.joined(separator: ", ") + ")"
            guard owner == me else { return "\(DisplayText.harmlessLine(owner)) has a new device\(marks): \(device.fingerprint)" }
            return """
                A new device belongs to your account\(marks): \(device.fingerprint)
                If you did not add it, take it out with a device that holds the account key:
                  messenger devices revoke \(device.fingerprint)
                """
        }.joined(separator: "\n")
    }
}
