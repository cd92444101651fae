/// Cuts a stream of bytes into records, which end with a line feed, CR LF, or the end of the data.
///
/// The bytes stay where they were read to: a record is a range of the buffer, good until the next
/// call. A byte-order mark at the start is passed over. The buffer grows to the longest record that
/// is allowed and no further.
///
/// A record belongs to the range of the file in which its first byte lies; a splitter for the range
/// after another passes over what is left of the record before it.
@usableFromInline struct RecordSplitter {
    /// What the search for the next record came to.
    @usableFromInline enum Found: Equatable {
        /// A record; ``RecordSplitter/record`` says where.
        case record
        /// The bytes at ``RecordSplitter/record`` are no record, for this reason.
        case bad(reason: String)
        /// There is none yet, and finding one could take long.
        case starved
        /// The end of the data or of the range.
        case end
    }

    /// How much of an over-long record is kept to be shown.
    static let shownBytes = 64 << 10

    /// Whether reading from the input may wait for as long as it likes.
    let isLive: Bool
    private let quoting: Quoting?
    private let maximum: Int
    private let endOffset: Int64

    /// The bytes read that are still of use.
    @usableFromInline private(set) var window: InputWindow
    /// Where the next record begins.
    private var start = 0
    /// Up to where the next record is known not to end.
    private var scanned = 0
    /// Where the next quote stands at or after `start`; beyond `window.filled` when there is none.
    private var nextQuote = 0
    private var quoteSearched = 0
    private var quoteState = QuoteState.fieldStart
    private var phase: Phase

    /// Where the record stands in ``window``, without its line's end.
    @usableFromInline private(set) var record = 0..<0
    /// The offset of the record's first byte in the data.
    private(set) var recordOffset: Int64 = 0
    /// The number of the record's first line, from 1 at the start of what is read.
    private(set) var recordLine = 0
    private var nextLine = 1
    /// Where a record begins that is being passed over for its length.
    private var overlongOffset: Int64?

    /// What quotes do in a format whose records may hold line ends.
    struct Quoting {
        let quote: UInt8
        let delimiter: UInt8
    }

    private enum QuoteState { case fieldStart, inField, quoted }

    /// What must be dealt with before the first record.
    private enum Phase { case byteOrderMark, restOfRecordBefore, records }

    /// The offset behind the record found last, and its line's end.
    var nextOffset: Int64 { window.offset + Int64(start) }

    /// Up to where the record that begins at `start` must have ended, with its line's end.
    ///
    /// What is beyond is not looked at, even where it is in the buffer: how a record is cut must not
    /// depend on where reading began.
    private var limit: Int { start + maximum + 2 }

    /// Where a splitter would go on that is made anew: behind the record found last.
    var resumeOffset: Int64 { overlongOffset ?? nextOffset }
    /// The number of lines before ``resumeOffset`` that this splitter has seen.
    var linesPassed: Int { nextLine - 1 }
    /// Whether what belongs to the range before has been passed over.
    var hasBegun: Bool { phase != .restOfRecordBefore }

    /// The bytes before `offset` that are still known.
    func tail(before offset: Int64) -> [UInt8] {
        guard offset >= window.offset else { return [] }
        return window.tail(before: Int(offset - window.offset))
    }

    /// Creates a splitter for what `input` yields.
    ///
    /// - Parameters:
    ///   - isLive: Whether reading from `input` may wait for as long as it likes.
    ///   - offset: The offset of the first byte that `input` yields.
    ///   - before: The bytes before that, as far as they are known.
    ///   - endOffset: Where the range ends.
    ///   - skipsFirstLine: Whether the input begins with what belongs to the range before.
    ///   - quoting: Set when a quoted field may hold line ends.
    init(
        _ input: any ByteInput, isLive: Bool = false, offset: Int64 = 0, before: [UInt8] = [],
        endOffset: Int64 = .max, skipsFirstLine: Bool = false, quoting: Quoting? = nil,
        maximumRecordBytes: Int, bufferBytes: Int
    ) {
        self.isLive = isLive
        self.endOffset = endOffset
        self.quoting = quoting
        maximum = maximumRecordBytes
        phase = skipsFirstLine ? .restOfRecordBefore : offset == 0 ? .byteOrderMark : .records
        window = InputWindow(
            input, offset: offset, before: before, bytes: bufferBytes,
            maximumBytes: maximumRecordBytes + 2)
    }

    /// Finds the next record.
    ///
    /// - Parameter mayWait: Whether it may wait for input that is live.
    /// - Throws: What the input throws, once all records before have been found.
    mutating func next(mayWait: Bool) throws -> Found {
        let isFirst = phase == .byteOrderMark
        if phase != .records, let found = try begin(mayWait: mayWait) { return found }
        // A mark belongs to the first record, which is therefore in any range that starts at 0.
        if !isFirst && nextOffset >= endOffset { return .end }
        while true {
            if let end = findEnd() { return take(upTo: end, next: end + 1) }
            if window.filled >= limit { return try passOverLong() }
            if window.isExhausted { return takeLast() }
            if !mayWait && isLive { return .starved }
            try fill()
        }
    }
}

// MARK: - Finding ends

extension RecordSplitter {
    /// Where the record that begins at `start` ends, if that is in the buffer.
    private mutating func findEnd() -> Int? {
        guard let quoting else {
            let end = window.position(of: 10, from: scanned)
            scanned = end ?? window.filled
            return end
        }
        if quoteState == .fieldStart, scanned == start {
            findQuote(quoting.quote)
            let end = window.position(of: 10, from: start)
            // Most records hold no quote, and then their line is the whole of them.
            if let end, end < nextQuote { return end }
            if end == nil && nextQuote >= window.filled && !window.isExhausted
                && window.filled < limit
            {
                return nil
            }
        }
        return findQuotedEnd(quoting)
    }

    /// Brings `nextQuote` up to `start`.
    private mutating func findQuote(_ quote: UInt8) {
        guard nextQuote < start || quoteSearched < window.filled && nextQuote >= quoteSearched
        else {
            return
        }
        let from = nextQuote < start ? start : max(start, quoteSearched)
        nextQuote = window.position(of: quote, from: from) ?? .max
        quoteSearched = window.filled
    }

    /// Walks through a record byte by byte, but for the inside of quotes.
    ///
    /// A quote opens only at the start of a field; two quotes within are one that stands for
    /// itself. Source: RFC 4180, section 2.
    private mutating func findQuotedEnd(_ quoting: Quoting) -> Int? {
        let end = min(window.filled, limit)
        let isLast = window.isExhausted && end == window.filled
        var index = scanned
        var state = quoteState
        defer {
            scanned = index
            quoteState = state
        }
        while index < end {
            if state == .quoted {
                guard let quote = window.position(of: quoting.quote, from: index), quote < end
                else {
                    index = end
                    return nil
                }
                index = quote
                if quote + 1 == end && !isLast { return nil }
                if quote + 1 < end && window.bytes[quote + 1] == quoting.quote {
                    index = quote + 2
                } else {
                    state = .inField
                    index = quote + 1
                }
                continue
            }
            let byte = window.bytes[index]
            if byte == 10 { return index }
            if byte == quoting.quote && state == .fieldStart {
                state = .quoted
            } else {
                state = byte == quoting.delimiter ? .fieldStart : .inField
            }
            index += 1
        }
        return nil
    }
}

// MARK: - Taking records

extension RecordSplitter {
    /// Makes `start ..< end` the record and `next` the start of the one after it.
    private mutating func take(upTo end: Int, next: Int) -> Found {
        var last = end
        if end < next, last > start, window.bytes[last - 1] == 13 { last -= 1 }
        recordOffset = window.offset + Int64(start)
        recordLine = nextLine
        nextLine += 1
        if quoting != nil && (quoteState != .fieldStart || scanned > start) {
            nextLine += countLines(start..<end)
        }
        let length = last - start
        record = start..<(length > maximum ? start + min(length, Self.shownBytes) : last)
        start = next
        scanned = next
        quoteState = .fieldStart
        return length > maximum ? .bad(reason: overlongReason) : .record
    }

    /// Takes what stands after the last line's end.
    private mutating func takeLast() -> Found {
        guard start < window.filled else { return .end }
        if quoteState == .quoted { return takeUnclosed("before the end of the data") }
        return take(upTo: window.filled, next: window.filled)
    }

    /// Takes the first line of a record whose quote is never closed, so that the lines after it can
    /// be read on their own.
    private mutating func takeUnclosed(_ extent: String) -> Found {
        let end = window.position(of: 10, from: start) ?? window.filled
        quoteState = .fieldStart
        scanned = start
        let found = take(upTo: end, next: min(end + 1, window.filled))
        // The quotes after it have not been looked at in this light.
        nextQuote = 0
        quoteSearched = 0
        if case .bad = found { return found }
        return .bad(reason: "a quote opens here that is not closed \(extent)")
    }

    /// Passes over a record that is too long for the buffer, keeping its head.
    private mutating func passOverLong() throws -> Found {
        if quoteState == .quoted, let end = window.position(of: 10, from: start), end < limit {
            return takeUnclosed("within \(maximum) bytes (`maximumRecordBytes`)")
        }
        let offset = window.offset + Int64(start)
        overlongOffset = offset
        let head = Array(window.bytes[start..<min(limit, start + Self.shownBytes)])
        start = limit
        while window.position(of: 10, from: start) == nil {
            start = window.filled
            scanned = window.filled
            if window.isExhausted { break }
            // Here it waits even where it need not: the rest of one record is on its way.
            try fill()
        }
        start = window.position(of: 10, from: start).map { $0 + 1 } ?? window.filled
        return takeOverlong(head, offset: offset)
    }

    /// Shows `head` as the record, from a place of its own before the rest of the buffer.
    private mutating func takeOverlong(_ head: [UInt8], offset: Int64) -> Found {
        overlongOffset = nil
        recordOffset = offset
        recordLine = nextLine
        nextLine += 1
        window.replace(upTo: start, by: head)
        record = 0..<head.count
        start = head.count
        scanned = start
        quoteState = .fieldStart
        nextQuote = 0
        quoteSearched = 0
        return .bad(reason: overlongReason)
    }

    private var overlongReason: String {
        "the record is longer than \(maximum) bytes (`maximumRecordBytes`)"
    }

    private func countLines(_ range: Range<Int>) -> Int {
        var count = 0
        var index = range.lowerBound
        while let hit = window.position(of: 10, from: index), hit < range.upperBound {
            count += 1
            index = hit + 1
        }
        return count
    }
}

// MARK: - Reading

extension RecordSplitter {
    /// Passes over what stands before the first record.
    ///
    /// - Returns: `nil` when the first record can be looked for.
    private mutating func begin(mayWait: Bool) throws -> Found? {
        switch phase {
        case .byteOrderMark:
            let mark: [UInt8] = [0xef, 0xbb, 0xbf]
            while window.filled < mark.count, !window.isExhausted,
                mark.starts(with: window.bytes[..<window.filled])
            {
                if !mayWait && isLive { return .starved }
                try fill()
            }
            if window.filled >= mark.count, mark.elementsEqual(window.bytes[..<mark.count]) {
                start = mark.count
                scanned = start
            }
        case .restOfRecordBefore:
            while true {
                if let end = window.position(of: 10, from: start) {
                    start = end + 1
                    scanned = start
                    break
                }
                start = window.filled
                scanned = window.filled
                if window.isExhausted || window.offset + Int64(window.filled) >= endOffset {
                    return .end
                }
                try fill()
            }
        case .records: break
        }
        phase = .records
        return nil
    }

    /// Reads more, dropping what lies before the record that has begun.
    private mutating func fill() throws {
        let dropped = start
        start = 0
        scanned -= dropped
        if nextQuote < dropped {
            nextQuote = 0
            quoteSearched = 0
        } else {
            if nextQuote != .max { nextQuote -= dropped }
            quoteSearched = max(0, quoteSearched - dropped)
        }
        try window.fill(droppingFirst: dropped)
    }
}
