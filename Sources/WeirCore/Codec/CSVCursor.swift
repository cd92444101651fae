/// Walks the cells of one record of delimited text.
///
/// Quotes by RFC 4180: a quoted cell may hold delimiters, line ends, and quotes written twice. A
/// quote inside an unquoted cell stands for itself.
struct CSVCursor {
    // SAFETY: made around the line that the decoder was lent, and gone before it is given back;
    // `position` never passes `end`.
    var position: UnsafePointer<UInt8>
    let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    let delimiter: UInt8
    let quote: UInt8
    /// Whether there is another cell: true at the start, since even an empty line has one.
    var hasMore = true

    struct Cell {
        /// What stands in the cell, without the enclosing quotes.
        var bytes: UnsafeBufferPointer<UInt8>
        var isQuoted = false
        /// Whether quotes in it are written twice.
        var hasDoubledQuotes = false
        /// Whether all bytes are known to be ASCII.
        var isASCII = false
        /// The first eight bytes, zeros behind the end; 0 for a cell in quotes.
        var firstWord: UInt64 = 0
    }

    /// Takes the next cell.
    ///
    /// - Throws: ``FieldError`` for a quoted cell without an end, or text behind the closing quote.
    @inline(__always) mutating func next() throws(FieldError) -> Cell {
        if position < end, position.pointee == quote { return try nextQuoted() }
        return nextPlain()
    }

    /// Takes the next cell, which is not in quotes.
    @inline(__always) mutating func nextPlain() -> Cell {
        let body = position
        var at = body
        let delimiters = ByteWord.repeating(delimiter)
        var word = ByteWord(at: at, start: start, end: end)
        var found = word.mask(of: delimiters)
        var seen: UInt64 = 0
        let first = word
        while found == 0, end - at > 8 {
            seen |= word.bits
            at += 8
            word = ByteWord(at: at, start: start, end: end)
            found = word.mask(of: delimiters)
        }
        let count = min(ByteWord.count(before: found), end - at)
        let kept = ByteWord.bits(ofFirst: count)
        seen |= word.bits & kept
        let firstWord = at == body ? first.bits & kept : first.bits
        at += count
        close(at)
        return Cell(
            bytes: UnsafeBufferPointer(start: body, count: at - body),
            isASCII: seen & ByteWord.highs == 0, firstWord: firstWord)
    }

    /// Takes the next cell if it is an integer as they mostly come, not in quotes.
    @inline(__always) mutating func takeInteger() -> Int64? {
        var at = position
        guard let value = QuickNumber.integer(&at, start: start, end: end, strict: false),
            at == end || at.pointee == delimiter
        else { return nil }
        close(at)
        return value
    }

    /// Takes the next cell if it is a decimal number as they mostly come, not in quotes.
    @inline(__always) mutating func takeDouble() -> Double? {
        var at = position
        guard let value = QuickNumber.double(&at, start: start, end: end, strict: false),
            at == end || at.pointee == delimiter
        else { return nil }
        close(at)
        return value
    }

    @inline(never) private mutating func nextQuoted() throws(FieldError) -> Cell {
        let start = position + 1
        var at = start
        var doubled = false
        while at < end {
            guard at.pointee == quote else {
                at += 1
                continue
            }
            if at + 1 < end, (at + 1).pointee == quote {
                doubled = true
                at += 2
                continue
            }
            let body = UnsafeBufferPointer(start: start, count: at - start)
            guard at + 1 == end || (at + 1).pointee == delimiter else {
                throw FieldError("text follows the closing quote of \(FieldError.quote(body))")
            }
            close(at + 1)
            return Cell(bytes: body, isQuoted: true, hasDoubledQuotes: doubled)
        }
        throw FieldError(
            "a quoted cell has no closing quote: "
                + FieldError.quote(UnsafeBufferPointer(start: start, count: end - start)))
    }

    /// Steps over the delimiter at `at`, or ends.
    @inline(__always) private mutating func close(_ at: UnsafePointer<UInt8>) {
        if at < end {
            position = at + 1
        } else {
            position = at
            hasMore = false
        }
    }

    /// What a cell with doubled quotes stands for.
    func undoubled(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            plain.append(bytes[index])
            index += bytes[index] == quote ? 2 : 1
        }
        return plain
    }
}
