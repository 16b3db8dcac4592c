/// What somebody typed into a chat: a message, or a command for the program.
enum ChatInput: Hashable {
    case message(String)
    case quit, help
    /// To the last message of the other.
    case reply(String)
    case react(String)
    /// Of the last message of one's own.
    case edit(String)
    case deleteLast
    /// To be sent.
    case file(String)
    /// The file of this message, or the last one that came.
    case save(Int64?)
    /// Nil lets messages stay.
    case timer(TimeSpan?)
    /// To write to devices that are not post-quantum.
    case agree
    case unknown(String)

    static let helpText = """
        /reply TEXT  answer the last message    /react EMOJI  react to it (nothing takes it back)
        /edit TEXT   change your last message   /delete       take it back
        /file PATH   send a file                /save         save the last one here; /save 12 that one
        /quit        leave, as Control-D does   //TEXT        a message that begins with /
        /timer TIME  lets messages go after it, such as 1h; /timer off lets them stay
        Alt-Enter makes a new line; up and down bring back what you sent.
        """

    init(_ line: String) {
        guard line.hasPrefix("/"), !line.hasPrefix("//") else {
            self = .message(line.hasPrefix("//") ? String(line.dropFirst()) : line)
            return
        }
        let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        let argument = parts.count > 1 ? String(parts[1].drop(while: \.isWhitespace)) : ""
        switch (parts[0], argument.isEmpty) {
        case ("/quit", _): self = .quit
        case ("/help", _): self = .help
        case ("/reply", false): self = .reply(argument)
        case ("/edit", false): self = .edit(argument)
        case ("/react", _): self = .react(argument)
        case ("/timer", false) where argument == "off" || TimeSpan(argument: argument) != nil:
            self = .timer(TimeSpan(argument: argument))
        case ("/delete", true): self = .deleteLast
        case ("/file", false): self = .file(argument)
        case ("/save", true): self = .save(nil)
        case ("/save", false): self = Int64(argument).map { .save($0) } ?? .unknown(line)
        case ("/agree", true): self = .agree
        default: self = .unknown(String(parts[0]))
        }
    }
}
