import ArgumentParser

/// A time such as 30s, 5m, 1h, 2d or 1w.
struct TimeSpan: ExpressibleByArgument, Hashable, Sendable {
    private static let units: [(letter: Character, seconds: Int)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1),
    ]
    private static let longest = 3650 * 86_400

    let seconds: Int

    init(seconds: Int) { self.seconds = seconds }

    /// Nil for what is no such time, nothing, or more than ten years.
    init?(argument: String) {
        guard let unit = Self.units.first(where: { $0.letter == argument.last }), let number = Int(argument.dropLast()),
            number > 0, number <= Self.longest / unit.seconds, argument.first?.isNumber == true
        else { return nil }
        seconds = number * unit.seconds
    }

    /// In the largest unit that says it in whole numbers.
    var text: String {
        let unit = Self.units.first { seconds % $0.seconds == 0 } ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.letter)"
    }
}
