import ArgumentParser
import MessengerClient
import MessengerCrypto

extension GroupCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a group, with yourself as its admin.")

        @Argument(help: "What it is called.")
        var name: String

        @Argument(help: "Who is in it.")
        var members: [String] = []

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let output = options.output
            let (name, members) = (name, members)
            try await options.withMessenger { messenger in
                let group = try await messenger.createGroup(name, members: members)
                output.result(GroupLine(group), line: GroupLine.summary(group, output.style))
            }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take somebody in.", discussion: "What was written before cannot be read by him.")

        @OptionGroup var selection: Selection

        @Argument(help: "Whom.")
        var username: String

        @Flag(help: "As an admin, who may change the group.")
        var admin = false

        func run() async throws {
            let (username, role) = (username, admin ? GroupRole.admin : .member)
            try await selection.change { messenger, group in try await messenger.add(username, to: group.id, as: role) }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take somebody out.")

        @OptionGroup var selection: Selection

        @Argument(help: "Whom.")
        var username: String

        func run() async throws {
            let username = username
            try await selection.change { messenger, group in try await messenger.remove(username, from: group.id) }
        }
    }

    struct Role: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say what somebody may do: `admin` or `member`.")

        enum Name: String, ExpressibleByArgument, CaseIterable, Sendable {
            case admin, member
        }

        @OptionGroup var selection: Selection

        @Argument(help: "Whose role.")
        var username: String

        @Argument(help: "Which: admin or member.")
        var role: Name

        func run() async throws {
            let (username, role) = (username, role == .admin ? GroupRole.admin : .member)
            try await selection.change { messenger, group in
                try await messenger.setRole(role, of: username, in: group.id)
            }
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Call a group otherwise.")

        @OptionGroup var selection: Selection

        @Argument(help: "What it is called from now on.")
        var name: String

        func run() async throws {
            let name = name
            try await selection.change { messenger, group in try await messenger.rename(group.id, to: name) }
        }
    }

    struct Leave: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go out of a group.", discussion: "What you have of it stays readable here.")

        @OptionGroup var selection: Selection

        func run() async throws {
            try await selection.change { messenger, group in
                try await messenger.leave(group.id)
                return try await messenger.group(group.id)
            }
        }
    }
}
