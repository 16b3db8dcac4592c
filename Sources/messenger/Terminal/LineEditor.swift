/// The draft of a message and the cursor in it.
struct LineEditor {
    /// What follows from a key.
    enum Step: Hashable {
        case nothing
        case changed
        /// Enter: the text, which is now out of the draft.
        case submit(String)
        case interrupt
        /// Control-D in an empty draft.
        case endOfInput
        case redraw
    }

    /// How many sent texts can be called back by the up key.
    private static let longestMemory = 100

    private(set) var before = ""
    private(set) var after = ""
    private var memory: [String] = []
    /// Which of the memory is shown; its count is the draft itself.
    private var place = 0
    private var setAside = ""

    var text: String { before + after }

    mutating func take(_ key: Key) -> Step {
        let (oldBefore, oldAfter) = (before, after)
        switch key {
        case .enter: return submit()
        case .interrupt: return .interrupt
        case .redraw: return .redraw
        case .endOfInput:
            if text.isEmpty { return .endOfInput }
            deleteForward()
        case .text(let text): insert(text)
        case .paste(let text): insert(Self.pasted(text))
        case .lineBreak: insert("\n")
        case .up: recall(place - 1)
        case .down: recall(place + 1)
        case .delete: deleteForward()
        case .backspace: if !before.isEmpty { before.removeLast() }
        case .deleteWord: before = String(before[..<wordStart])
        case .deleteToStart: before = String(before[..<lineStart])
        case .deleteToEnd: after = String(after[lineEnd...])
        default: move(key)
        }
        return oldBefore == before && oldAfter == after ? .nothing : .changed
    }

    private mutating func move(_ key: Key) {
        switch key {
        case .left: if let last = before.popLast() { after = String(last) + after }
        case .right: if !after.isEmpty { before.append(after.removeFirst()) }
        case .wordLeft: setCursor(to: wordStart)
        case .wordRight:
            let end = after.firstIndex { !$0.isWhitespace }.flatMap { after[$0...].firstIndex(where: \.isWhitespace) }
            before += after[..<(end ?? after.endIndex)]
            after = String(after[(end ?? after.endIndex)...])
        case .home: setCursor(to: lineStart)
        case .end:
            before += after[..<lineEnd]
            after = String(after[lineEnd...])
        default: break
        }
    }

    private mutating func setCursor(to index: String.Index) {
        after = String(before[index...]) + after
        before = String(before[..<index])
    }

    /// Where the word before the cursor begins, past spaces.
    private var wordStart: String.Index {
        guard let letter = before.lastIndex(where: { !$0.isWhitespace }) else { return before.startIndex }
        return before[..<letter].lastIndex(where: \.isWhitespace).map { before.index(after: $0) } ?? before.startIndex
    }

    private var lineStart: String.Index {
        before.lastIndex(where: \.isNewline).map { before.index(after: $0) } ?? before.startIndex
    }

    private var lineEnd: String.Index { after.firstIndex(where: \.isNewline) ?? after.endIndex }

    private mutating func insert(_ text: String) { before += text }

    private mutating func deleteForward() { if !after.isEmpty { after.removeFirst() } }

    private mutating func submit() -> Step {
        let sent = text
        guard sent.contains(where: { !$0.isWhitespace }) else { return .nothing }
        (before, after, setAside) = ("", "", "")
        if memory.last != sent { memory.append(sent) }
        memory = memory.suffix(Self.longestMemory)
        place = memory.count
        return .submit(sent)
    }

    private mutating func recall(_ wanted: Int) {
        guard (0...memory.count).contains(wanted), wanted != place else { return }
        if place == memory.count { setAside = text }
        place = wanted
        (before, after) = (wanted == memory.count ? setAside : memory[wanted], "")
    }

    /// With line ends as they are in messages, but none at the end that a copied line brings along, and no control characters.
    private static func pasted(_ text: String) -> String {
        var lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        lines.unicodeScalars.removeAll { $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\t" }
        while lines.last == "\n" { lines.removeLast() }
        return lines
    }
}
