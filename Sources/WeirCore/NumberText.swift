/// Numbers as people read them, made by hand: locale formatters cost more than a whole start.
package enum NumberText {
    /// `1234567` as `1,234,567`.
    package static func count(_ value: Int) -> String {
        let digits = Array("\(value.magnitude)".utf8)
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index).isMultiple(of: 3) { text += "," }
            text.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return text
    }

    /// A number of at most three digits before its unit: `999`, `1.2 k`, `34.5 M`, `678 G`.
    package static func compact(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        var scaled = value
        var units = ["", " k", " M", " G", " T"][...]
        // 999.95 would round to four digits.
        while abs(scaled) >= (units.count == 5 ? 999.5 : 999.95), units.count > 1 {
            scaled /= 1_000
            units = units.dropFirst()
        }
        let unit = units.first ?? ""
        if unit.isEmpty || abs(scaled) >= 99.95 { return fixed(scaled, decimals: 0) + unit }
        return fixed(scaled, decimals: 1) + unit
    }

    /// A size: `812 B`, `1.2 MB`.
    package static func bytes(_ count: Int) -> String {
        let text = compact(Double(count))
        return text + (text.last?.isNumber == true ? " B" : "B")
    }

    /// Records a second: `1.2 M/s`.
    package static func rate(_ value: Double) -> String { compact(value) + "/s" }

    /// A share as `35 %`.
    package static func percent(_ share: Double) -> String {
        fixed(share * 100, decimals: 0) + " %"
    }

    /// A span: `85 ms`, `1.24 s`, `12.3 s`, `2 min 05 s`, `3 h 07 min`, `2 d 03 h`.
    package static func span(seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 1e12 else { return "–" }
        if seconds < 0 { return "-" + span(seconds: -seconds) }
        if seconds < 0.9995 { return fixed(seconds * 1_000, decimals: 0) + " ms" }
        if seconds < 9.995 { return fixed(seconds, decimals: 2) + " s" }
        if seconds < 59.95 { return fixed(seconds, decimals: 1) + " s" }
        let whole = Int(seconds.rounded())
        if whole < 3_600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
        if whole < 86_400 { return "\(whole / 3_600) h \(padded(whole % 3_600 / 60)) min" }
        return "\(whole / 86_400) d \(padded(whole % 86_400 / 3_600)) h"
    }

    /// A span, of the engine's type.
    package static func span(_ span: Duration) -> String {
        self.span(seconds: Double(span.wholeMicroseconds) / 1e6)
    }

    /// A running clock: `0:07`, `12:34`, `1:02:03`.
    package static func clock(seconds: Double) -> String {
        let whole = seconds.isFinite ? Int(max(0, min(seconds, 1e12)).rounded()) : 0
        let rest = "\(padded(whole % 60))"
        if whole < 3_600 { return "\(whole / 60):\(rest)" }
        return "\(whole / 3_600):\(padded(whole % 3_600 / 60)):\(rest)"
    }

    /// With exactly that many decimals, rounded half away from zero.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        guard let scaled = Int(exactly: (value * Double(scale)).rounded()) else {
            return "\(value)"
        }
        let sign = scaled < 0 ? "-" : ""
        let (whole, rest) = scaled.magnitude.quotientAndRemainder(dividingBy: UInt(scale))
        if decimals == 0 { return "\(sign)\(whole)" }
        let digits = "\(rest)"
        let zeros = String(repeating: "0", count: decimals - digits.count)
        return "\(sign)\(whole).\(zeros)\(digits)"
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
