/// Lines at the bottom of a terminal that are drawn over themselves.
///
/// A value that makes the text to write; it writes nothing. Between two calls the cursor stands
/// at the start of the line below the block.
///
/// Source: ECMA-48, control functions CUU, EL and ED.
struct LiveBlock {
    private var height = 0

    /// Draws `lines` where the last ones were.
    mutating func draw(_ lines: [String]) -> String {
        var text = home
        for line in lines { text += line + "\u{1B}[K\n" }
        height = lines.count
        return text + "\u{1B}[J"
    }

    /// Removes the block, so that what is written next takes its place; nothing if there is none.
    mutating func erase() -> String {
        guard height > 0 else { return "" }
        defer { height = 0 }
        return home + "\u{1B}[J"
    }

    private var home: String { height > 0 ? "\r\u{1B}[\(height)A" : "\r" }
}
