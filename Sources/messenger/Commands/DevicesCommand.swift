import ArgumentParser
import Foundation
import KeyLog
import MessengerClient
import MessengerCrypto

struct DevicesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "Show or remove the devices of this account.",
        subcommands: [List.self, Revoke.self],
        defaultSubcommand: List.self)

    private struct Line: Encodable {
        let device: String
        let isThisDevice: Bool
        let isWeb: Bool
        let holdsAccountKey: Bool
        let isPostQuantum: Bool
        let created: Date
        let newUntil: Date?
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the devices of this account.")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let output = options.output
            try await options.withMessenger { messenger in
                let time = LocalTime()
                let devices = try await messenger.devices()
                for device in devices {
                    let line = Line(
                        device: device.fingerprint.description, isThisDevice: device.isThisDevice, isWeb: device.isWeb,
                        holdsAccountKey: device.holdsAccountKey, isPostQuantum: device.isPostQuantum, created: device.created,
                        newUntil: device.newUntil)
                    let marks = [
                        device.isThisDevice ? "this device" : nil, device.isWeb ? "web" : nil,
                        device.holdsAccountKey ? "holds the account key" : nil, device.isPostQuantum ? nil : "not post-quantum",
                        device.newUntil == nil ? nil : "new",
                    ].compactMap { $0 }
                    output.result(
                        line,
                        line:
                            "\(device.fingerprint)  \(time.stamp(device.created))  \(output.style(.dim, marks.joined(separator: ", ")))"
                    )
                }
                let new = devices.filter { $0.newUntil != nil }
                if !new.isEmpty { output.note(NewDevices.text(new, of: messenger.username, me: messenger.username)) }
            }
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a device out of the account, for good.",
            discussion: "What is written from then on cannot be read there. This device must hold the account key.")

        @Argument(help: "The device, as the list shows it; its first digits are enough.")
        var device: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let output = options.output
            let wanted = device.lowercased()
            try await options.withMessenger { messenger in
                let found = try await messenger.devices().filter { $0.fingerprint.description.hasPrefix(wanted) }
                guard !wanted.isEmpty, found.count == 1 else {
                    throw CommandFailure(
                        status: .refused,
                        message: found.isEmpty ? "there is no such device" : "several devices begin like this; write more digits")
                }
                try await messenger.revoke(found[0].fingerprint)
                output.result(
                    ["event": "revoked", "device": found[0].fingerprint.description], line: "It is out of the account.")
            }
        }
    }
}
