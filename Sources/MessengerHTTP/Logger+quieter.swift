import Logging

extension Logger {
    /// For libraries whose own lines say what ours say already.
    public var quieter: Logger {
        var quieter = self
        quieter.logLevel = max(logLevel, .warning)
        return quieter
    }
}
