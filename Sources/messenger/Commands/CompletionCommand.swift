import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print what makes a shell complete the words of this command.",
        discussion: """
            Examples:
              messenger completion bash > ~/.local/share/bash-completion/completions/messenger
              messenger completion zsh > ~/.zfunc/_messenger      # with ~/.zfunc in $fpath
              messenger completion fish > ~/.config/fish/completions/messenger.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell.rawValue) else { throw ValidationError("No completion for \(shell).") }
        print(MessengerCommand.completionScript(for: shell))
    }
}
