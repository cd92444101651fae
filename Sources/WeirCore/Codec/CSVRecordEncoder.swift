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
            syntax.enclose(&line, from: start, asValue: false)
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
                    syntax.enclose(&output, from: start, asValue: true)
                }
            }
        }
    }

    private func encode(_ row: Row, _ layout: RecordLayout, into output: inout [UInt8]) {
        layout.withAddress(of: row) { base in
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
                    syntax.enclose(&output, from: start, asValue: true)
                }
            }
        }
    }
}
