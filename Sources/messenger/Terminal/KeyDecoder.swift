/// Turns the bytes of a terminal into keys, however they are cut. What it does not know it passes over; bytes that are not UTF-8
/// become U+FFFD.
struct KeyDecoder {
    private enum State {
        case ground
        case escape
        /// After ESC [.
        case sequence
        /// After ESC O.
        case singleShift
        case paste
        /// Within a character.
        case partial(missing: Int)
    }

    /// Longer ones are not from a keyboard.
    private static let longestSequence = 32
    /// What is pasted beyond it is dropped; no message is as long.
    private static let longestPaste = 1 << 20
    private static let pasteEnd = Array("\u{1B}[201~".utf8)

    private var state = State.ground
    /// Of the sequence, the paste or the character that is not complete yet.
    private var collected: [UInt8] = []

    /// Whether an ESC waits to be told from the Escape key: call `flush` when nothing follows for a moment.
    var isWaiting: Bool { if case .escape = state { true } else { false } }

    mutating func keys(_ bytes: some Sequence<UInt8>) -> [Key] { bytes.flatMap { take($0) } }

    /// Nothing came after an ESC, so it was the key.
    mutating func flush() -> [Key] {
        guard isWaiting else { return [] }
        state = .ground
        return [.escape]
    }

    private mutating func take(_ byte: UInt8) -> [Key] {
        switch state {
        case .ground: return ground(byte)
        case .escape: return afterEscape(byte)
        case .sequence: return sequence(byte)
        case .singleShift:
            state = .ground
            return Self.letterKey(byte, modifier: 1).map { [$0] } ?? []
        case .paste: return paste(byte)
        case .partial(let missing): return partial(missing, byte)
        }
    }

    private mutating func ground(_ byte: UInt8) -> [Key] {
        switch byte {
        case 0x1B: state = .escape
        case 0x20..<0x7F: return [.text(String(UnicodeScalar(byte)))]
        case 0xC2...0xDF: collect(byte, .partial(missing: 1))
        case 0xE0...0xEF: collect(byte, .partial(missing: 2))
        case 0xF0...0xF4: collect(byte, .partial(missing: 3))
        case 0x80...: return [.text("\u{FFFD}")]
        default: return Self.control(byte).map { [$0] } ?? []
        }
        return []
    }

    private static func control(_ byte: UInt8) -> Key? {
        switch byte {
        case 0x01: .home
        case 0x02: .left
        case 0x03: .interrupt
        case 0x04: .endOfInput
        case 0x05: .end
        case 0x06: .right
        case 0x08, 0x7F: .backspace
        case 0x0A, 0x0D: .enter
        case 0x0B: .deleteToEnd
        case 0x0C: .redraw
        case 0x0E: .down
        case 0x10: .up
        case 0x15: .deleteToStart
        case 0x17: .deleteWord
        default: nil
        }
    }

    private mutating func afterEscape(_ byte: UInt8) -> [Key] {
        state = .ground
        switch byte {
        case UInt8(ascii: "["): collect(nil, .sequence)
        case UInt8(ascii: "O"): state = .singleShift
        case 0x0A, 0x0D: return [.lineBreak]
        case 0x7F, 0x08: return [.deleteWord]
        case UInt8(ascii: "b"): return [.wordLeft]
        case UInt8(ascii: "f"): return [.wordRight]
        case 0x1B:
            state = .escape
            return [.escape]
        default: break
        }
        return []
    }

    private mutating func collect(_ byte: UInt8?, _ next: State) {
        collected = byte.map { [$0] } ?? []
        state = next
    }

    private mutating func sequence(_ byte: UInt8) -> [Key] {
        guard (0x40...0x7E).contains(byte) else {
            collected.append(byte)
            // Neither a parameter nor more than a keyboard sends.
            if !(0x20...0x3F).contains(byte) || collected.count > Self.longestSequence { state = .ground }
            return []
        }
        state = .ground
        let numbers = collected.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            .map { Int(String(decoding: $0, as: UTF8.self)) ?? 1 }
        guard byte == UInt8(ascii: "~") else {
            return Self.letterKey(byte, modifier: numbers.count > 1 ? numbers[1] : 1).map { [$0] } ?? []
        }
        if numbers[0] == 200 {
            collect(nil, .paste)
            return []
        }
        return Self.numberKey(numbers[0]).map { [$0] } ?? []
    }

    /// - Parameter modifier: 1 without; 3 is Alt, 5 is Control.
    private static func letterKey(_ byte: UInt8, modifier: Int) -> Key? {
        switch UnicodeScalar(byte) {
        case "A": .up
        case "B": .down
        case "C": modifier > 2 ? .wordRight : .right
        case "D": modifier > 2 ? .wordLeft : .left
        case "H": .home
        case "F": .end
        case "M": .enter
        default: nil
        }
    }

    private static func numberKey(_ number: Int) -> Key? {
        switch number {
        case 1, 7: .home
        case 3: .delete
        case 4, 8: .end
        default: nil
        }
    }

    private mutating func paste(_ byte: UInt8) -> [Key] {
        collected.append(byte)
        if byte == Self.pasteEnd.last, collected.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) {
            state = .ground
            return [.paste(String(decoding: collected.dropLast(Self.pasteEnd.count), as: UTF8.self))]
        }
        if collected.count > Self.longestPaste + Self.pasteEnd.count { collected.remove(at: Self.longestPaste) }
        return []
    }

    private mutating func partial(_ missing: Int, _ byte: UInt8) -> [Key] {
        guard (0x80...0xBF).contains(byte) else {
            state = .ground
            return [.text("\u{FFFD}")] + take(byte)
        }
        collected.append(byte)
        state = missing == 1 ? .ground : .partial(missing: missing - 1)
        return missing == 1 ? [.text(String(decoding: collected, as: UTF8.self))] : []
    }
}
