/// ``CSVOptions`` as bytes.
struct CSVSyntax: Sendable {
    let delimiter: UInt8
    let quote: UInt8
    /// The texts that mean null, but the empty one.
    let nullTexts: [[UInt8]]
    let hasNullTexts: Bool
    /// Those of `nullTexts` that have at most eight bytes, and whether there are longer ones.
    let shortNullTexts: FrozenTable<UInt64>
    let hasLongNullTexts: Bool
    /// Whether a cell that begins with a number can be read as one at once: no mark is a part of a
    /// number, and no text that means null begins like one.
    let readsNumbersAtOnce: Bool
    /// Whether the empty text means null.
    let isEmptyNull: Bool

    init(_ options: CSVOptions) {
        // Checked by `CSVOptions.validate`; the defaults stand in so that nothing here can trap.
        delimiter = options.delimiter.asciiValue ?? UInt8(ascii: ",")
        quote = options.quote.asciiValue ?? UInt8(ascii: "\"")
        nullTexts = options.nullText.filter { !$0.isEmpty }.map { Array($0.utf8) }
        isEmptyNull = options.nullText.contains("")
        hasNullTexts = !nullTexts.isEmpty
        shortNullTexts = FrozenTable(
            nullTexts.filter { $0.count <= 8 }.map { text in
                text.withUnsafeBufferPointer { bytes in
                    let (start, end) = bytes.bounds
                    return ByteWord(at: start, start: start, end: end).bits
                }
            })
        hasLongNullTexts = nullTexts.contains { $0.count > 8 }
        let marks = [delimiter, quote] + nullTexts.compactMap(\.first)
        readsNumbersAtOnce = !marks.contains { mark in
            mark &- UInt8(ascii: "0") < 10 || mark == UInt8(ascii: "-") || mark == UInt8(ascii: ".")
        }
    }

    func cursor(over line: UnsafeBufferPointer<UInt8>) -> CSVCursor {
        let (start, end) = line.bounds
        return CSVCursor(
            position: start, start: start, end: end, delimiter: delimiter, quote: quote)
    }

    /// Whether the cell is a missing value; a quoted cell never is.
    @inline(__always) func isNull(_ cell: CSVCursor.Cell, isEmptyText: Bool) -> Bool {
        if cell.isQuoted { return false }
        if cell.bytes.isEmpty { return isEmptyNull && !isEmptyText }
        return hasNullTexts && isListed(cell)
    }

    @inline(__always) private func isListed(_ cell: CSVCursor.Cell) -> Bool {
        if cell.bytes.count > 8 { return hasLongNullTexts && isListed(cell.bytes) }
        for index in shortNullTexts.indices where shortNullTexts[index] == cell.firstWord {
            // Texts with zero bytes at their ends look alike.
            return isListed(cell.bytes)
        }
        return false
    }

    @inline(never) private func isListed(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        for text in nullTexts where text.count == bytes.count && bytes.elementsEqual(text) {
            return true
        }
        return false
    }

    @inline(never) func missing(_ cell: CSVCursor.Cell) -> FieldError {
        let text = FieldError.quote(cell.bytes)
        return FieldError("\(text) means a missing value, and the property is not optional")
    }
}

extension CSVSyntax {
    /// Puts the cell from `start` on in quotes where it would be read as something else.
    ///
    /// - Parameter asValue: Whether a text that means null is to stay a value, hence quoted.
    func enclose(_ line: inout [UInt8], from start: Int, asValue: Bool) {
        var needsQuotes = false
        var quotes = 0
        for index in start..<line.count {
            let byte = line[index]
            if byte == quote { quotes += 1 }
            if byte == quote || byte == delimiter || byte == 10 || byte == 13 { needsQuotes = true }
        }
        if !needsQuotes, asValue {
            needsQuotes = start == line.count ? isEmptyNull : isListed(line[start...])
        }
        guard needsQuotes else { return }
        var source = line.count - 1
        line.append(contentsOf: repeatElement(quote, count: quotes + 2))
        // From the last byte to the first, each to its place, so that nothing is copied aside.
        var target = line.count - 2
        while source >= start {
            line[target] = line[source]
            if line[source] == quote {
                target -= 1
                line[target] = quote
            }
            target -= 1
            source -= 1
        }
        line[start] = quote
    }

    private func isListed(_ cell: ArraySlice<UInt8>) -> Bool {
        hasNullTexts && nullTexts.contains { $0.elementsEqual(cell) }
    }
}
