import Testing

@testable import messenger

@Suite(.timeLimit(.minutes(1)))
struct QRTests {
    @Test func `A code of 64 bytes has its finders, and a light margin around it`() throws {
        let code = try #require(QRCode(Array(0..<64)))
        #expect(code.width == 37 || code.width == 41)
        for (column, row) in [(0, 0), (code.width - 7, 0), (0, code.width - 7)] {
            for step in 0..<7 {
                #expect(code.isDark(column + step, row) && code.isDark(column, row + step))
                if (1...5).contains(step) { #expect(!code.isDark(column + 1, row + step)) }
            }
        }
        #expect(!code.isDark(-1, 0) && !code.isDark(0, code.width))
    }

    @Test func `There is none of nothing, and none of too much`() {
        #expect(QRCode([]) == nil)
        #expect(QRCode(Array(repeating: 7, count: 2_332)) == nil)
        #expect(QRCode(Array(repeating: 7, count: 2_331)) != nil)
    }

    @Test(arguments: [true, false])
    func `The picture holds each module, two in a character`(coloured: Bool) throws {
        let code = try #require(QRCode(Array("hello".utf8)))
        let rows = QRPicture.rows(code, style: Style(isColoured: coloured))
        #expect(rows.count == (code.width + 8 + 1) / 2)
        for (index, row) in rows.enumerated() {
            let cells = Array(row.replacing(/\u{1B}\[[0-9;]*m/, with: ""))
            #expect(cells.count == code.width + 8)
            for (column, cell) in cells.enumerated() {
                for half in 0...1 where 2 * index + half < code.width + 8 {
                    let isInk = half == 0 ? "█▀".contains(cell) : "█▄".contains(cell)
                    let isDark = code.isDark(column - 4, 2 * index + half - 4)
                    #expect(isInk == (coloured ? isDark : !isDark))
                }
            }
        }
    }
}
