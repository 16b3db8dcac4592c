import Foundation

extension Date {
    /// From milliseconds since 1970, which a sender may have chosen freely.
    init(milliseconds: UInt64) {
        // The year 9999: no calendar goes much further.
        self.init(timeIntervalSince1970: Double(min(milliseconds, 253_402_300_799_000)) / 1000)
    }
}
