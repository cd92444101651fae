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

    private static let unitsInMicroseconds: [(String, UInt64)] = [
        ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("µs", 1),
    ]
}
