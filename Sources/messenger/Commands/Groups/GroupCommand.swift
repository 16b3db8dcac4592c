import ArgumentParser
import MessengerClient

struct GroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "group",
        abstract: "Make groups, and say who is in them.",
        discussion: """
            A group is named by its name, or by the first digits of its id. Write in it with `messenger send --group NAME` or
            `messenger chat --group NAME`. Who is taken out can read what was sent before the sender heard of it.

            Example:
              messenger group create "Lake house" ann bob
            """,
        subcommands: [
            List.self, Create.self, Members.self, Add.self, Remove.self, Role.self, Rename.self, Leave.self,
        ],
        defaultSubcommand: List.self)

    /// What every subcommand about one group takes.
    struct Selection: ParsableArguments {
        @Argument(help: "The group.")
        var group: String

        @OptionGroup var options: ClientOptions

        /// What others changed meanwhile is fetched first, if the server is there; afterwards the group is shown.
        func change(_ body: @Sendable (Messenger, Group) async throws -> Group) async throws {
            let output = options.output
            let selection = GroupSelection(name: group)
            try await options.withMessenger { messenger in
                _ = try await messenger.receive()
                let group = try await body(messenger, try await selection.find(messenger))
                output.result(GroupLine(group), line: GroupLine.summary(group, output.style))
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the groups that this device knows.")

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let output = options.output
            try await options.withMessenger { messenger in
                let groups = try await messenger.groups()
                for group in groups { output.result(GroupLine(group), line: GroupLine.summary(group, output.style)) }
                if groups.isEmpty { output.note("No groups. `messenger group create NAME ann bob` makes one.") }
            }
        }
    }

    struct Members: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show who is in a group.")

        @OptionGroup var selection: Selection

        func run() async throws {
            let output = selection.options.output
            let wanted = GroupSelection(name: selection.group)
            try await selection.options.withMessenger { messenger in
                let group = try await wanted.find(messenger)
                for person in group.members {
                    output.result(GroupMemberLine(person), line: GroupMemberLine.text(person, output.style))
                }
                output.note(GroupLine.encryption(of: group))
            }
        }
    }
}
