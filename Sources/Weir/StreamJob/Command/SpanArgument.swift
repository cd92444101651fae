internal import ArgumentParser
import WeirCore

/// A span of time as an argument: a number and its unit, `10s`, `500ms`, `1.5min`, `2h`.
struct SpanArgument: Hashable, Sendable {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    /// - Returns: `nil` for what is no span, is negative, or is longer than ten years.
    init?(_ text: some StringProtocol) {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let unit = text[digits.endIndex...].trimmingPrefix(" ")
        guard let scale = Self.unitsInMicroseconds[String(unit)], let number = Double(digits),
            number * scale <= 10 * 365 * 86_400e6
        else { return nil }
        duration = .microseconds(Int64((number * scale).rounded()))
    }

    private static let unitsInMicroseconds: [String: Double] = [
        "us": 1, "µs": 1, "ms": 1e3, "s": 1e6, "m": 60e6, "min": 60e6, "h": 3_600e6, "d": 86_400e6,
    ]
}

extension SpanArgument: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
    var defaultValueDescription: String {
        duration.spelledOut.replacing(" ", with: "")
    }
}
