/// Reads rows from lines of delimited text under one header.
public struct CSVRecordDecoder<Row: Sendable>: Sendable {
    @usableFromInline enum Backing: Sendable {
        case plan(CSVPlan, make: @Sendable () -> Row)
        case tree(TreeCSVDecoder, TreeFormat<Row>)
    }
    @usableFromInline let backing: Backing

    init(_ backing: Backing) { self.backing = backing }

    /// Reads one record, whose line end has been taken off; quoted cells may hold line ends.
    ///
    /// - Throws: ``FieldError``, naming field, column, text and the type expected, for a cell that
    ///   does not fit its field, a missing value where there must be one, text that is not UTF-8,
    ///   quotes that don't close, or a number of columns that is not the header's.
    /// - Complexity: O(bytes). A ``Record`` allocates only its strings over 15 bytes and its arrays.
    @inlinable public func decode(_ line: Span<UInt8>) throws(FieldError) -> Row {
        switch backing {
        case .plan(let plan, let make):
            var row = make()
            try line.withUnsafeBufferPointer { bytes throws(FieldError) in
                try withUnsafeMutablePointer(to: &row) { pointer throws(FieldError) in
                    try plan.decode(bytes, into: UnsafeMutableRawPointer(pointer))
                }
            }
            return row
        case .tree(let decoder, let format):
            return try format.decodeRow(
                try line.withUnsafeBufferPointer { bytes throws(FieldError) in
                    try decoder.tree(from: bytes)
                })
        }
    }
}

/// Writes rows as lines of delimited text.
public struct CSVRecordEncoder<Row: Sendable>: Sendable {
    @usableFromInline let format: RowFormat<Row>
    let syntax: CSVSyntax
    /// The text for a missing value.
    let nullText: [UInt8]
    /// The names of the fields as a line, without its end.
    public let header: [UInt8]

    init(_ format: RowFormat<Row>, options: CSVOptions) {
        self.format = format
        syntax = CSVSyntax(options)
        nullText = Array((options.nullText.first ?? "").utf8)
        var line: [UInt8] = []
        for (index, field) in format.fields.enumerated() {
            if index > 0 { line.append(syntax.delimiter) }
            let start = line.count
            line.append(contentsOf: field.name.utf8)
            syntax.enclose(&line, from: start, nullTexts: false)
        }
        header = line
    }

    /// Appends `row` as a line, without its end.
    ///
    /// - Throws: ``FieldError`` when a `Codable` row refuses to be encoded; never for a ``Record``.
    public func encode(_ row: Row, into output: inout [UInt8]) throws(FieldError) {
        switch format.backing {
        case .record(let layout, _): encode(row, layout, into: &output)
        case .tree(let tree):
            for (index, value) in try tree.fieldValues(of: row).enumerated() {
                if index > 0 { output.append(syntax.delimiter) }
                let start = output.count
                if value.isNull {
                    output.append(contentsOf: nullText)
                } else {
                    value.writeText(to: &output)
                    syntax.enclose(&output, from: start, nullTexts: true)
                }
            }
        }
    }

    private func encode(_ row: Row, _ layout: RecordLayout, into output: inout [UInt8]) {
        var copy = row
        withUnsafeMutablePointer(to: &copy) { pointer in
            let base = UnsafeMutableRawPointer(pointer)
            for index in layout.stored.indices {
                if index > 0 { output.append(syntax.delimiter) }
                let start = output.count
                if layout.stored[index].access.isOptional,
                    layout.stored[index].access.isNull(base + layout.stored[index].offset)
                {
                    output.append(contentsOf: nullText)
                } else {
                    layout.stored[index].access.writeText(
                        base + layout.stored[index].offset, &output)
                    syntax.enclose(&output, from: start, nullTexts: true)
                }
            }
        }
    }
}

extension CSVSyntax {
    /// Puts the cell from `start` on in quotes where it would be read as something else.
    func enclose(_ line: inout [UInt8], from start: Int, nullTexts: Bool) {
        var needsQuotes = false
        var quotes = 0
        for index in start..<line.count {
            let byte = line[index]
            if byte == quote { quotes += 1 }
            if byte == quote || byte == delimiter || byte == 10 || byte == 13 { needsQuotes = true }
        }
        if nullTexts, !needsQuotes { needsQuotes = looksNull(line[start...]) }
        guard needsQuotes else { return }
        let body = Array(line[start...])
        line.removeSubrange(start...)
        line.append(quote)
        for byte in body {
            if byte == quote { line.append(quote) }
            line.append(byte)
        }
        line.append(quote)
    }

    private func looksNull(_ cell: ArraySlice<UInt8>) -> Bool {
        if cell.isEmpty { return isEmptyNull }
        return nullTexts.contains { $0.elementsEqual(cell) }
    }
}
