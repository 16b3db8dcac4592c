/// A QR code drawn on a terminal, two modules in one character.
enum QRPicture {
    /// Light modules around the code; scanners want four.
    private static let margin = 4

    /// How many columns the picture takes.
    static func columns(of code: QRCode) -> Int { code.width + 2 * margin }

    /// In colours black on white; without them light is the terminal's foreground, which suits light text on dark.
    static func rows(_ code: QRCode, style: Style) -> [String] {
        let range = -margin..<code.width + margin
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            let modules = range.map { column in (code.isDark(column, row), code.isDark(column, row + 1)) }
            if style.isColoured { return "\u{1B}[30;107m" + modules.map(dark).joined() + "\u{1B}[0m" }
            // The row below the last one is not part of the picture.
            let isLast = row + 1 >= range.upperBound
            return modules.map { dark((!$0.0, isLast ? false : !$0.1)) }.joined()
        }
    }

    private static func dark(_ pair: (upper: Bool, lower: Bool)) -> String {
        switch pair {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
    }
}
