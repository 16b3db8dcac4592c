import KeyLog

extension KeyIntroduction {
    /// Nil when one of them names no verifier key.
    public static func list(_ wire: [LogKeysResponse.Introduction]) -> [KeyIntroduction]? {
        let introductions = wire.compactMap { introduction in
            VerifierKey(text: introduction.key).map { KeyIntroduction(key: $0, note: Array(introduction.note.utf8)) }
        }
        return introductions.count == wire.count ? introductions : nil
    }
}

extension LogKeysResponse.Introduction {
    public init(_ introduction: KeyIntroduction) {
        self.init(key: introduction.key.description, note: String(decoding: introduction.note, as: UTF8.self))
    }
}
