extension Duration {
    /// This span to the microsecond, in the units people say: `24 h`, `1 min 30 s`, `250 ms`, `0 s`.
    public var spelledOut: String {
        let whole = wholeMicroseconds
        if whole == 0 { return "0 s" }
        var rest = whole.magnitude
        var parts: [String] = []
        for (name, size) in Self.unitsInMicroseconds where rest >= size {
            parts.append("\(rest / size) \(name)")
            rest %= size
        }
        return (whole < 0 ? "-" : "") + parts.joined(separator: " ")
    }

    /// This span as people would say it who do not care for the last of it: to the millisecond below ten
    /// seconds, else to the second.
    public var roundedText: String {
        let unit: Int64 = abs(wholeMicroseconds) < 10_000_000 ? 1_000 : 1_000_000
        let units = (Double(wholeMicroseconds) / Double(unit)).rounded()
        return Duration.microseconds(Int64(units) * unit).spelledOut
    }

    private static let unitsInMicroseconds: [(String, UInt64)] = [
        ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("µs", 1),
    ]
}
