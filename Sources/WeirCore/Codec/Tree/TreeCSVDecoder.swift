/// Reads the cells of a line for a `Codable` row, each by the type that its field was found to have.
@usableFromInline struct TreeCSVDecoder: Sendable {
    private let columns: [FieldDescription?]
    private let syntax: CSVSyntax
    private let options: CSVOptions

    init(header: CSVHeader, fields: [FieldDescription], options: CSVOptions) {
        columns = header.fields.map { index in index.map { fields[$0] } }
        syntax = CSVSyntax(options)
        self.options = options
    }

    @usableFromInline func tree(
        from line: UnsafeBufferPointer<UInt8>
    ) throws(FieldError) -> FieldTree {
        var cursor = syntax.cursor(over: line)
        var members: [FieldTree.Member] = []
        var index = 0
        repeat {
            let column = index < columns.count ? columns[index] : nil
            do throws(FieldError) {
                let cell = try cursor.next()
                if let column {
                    let value = try value(of: cell, cursor, column)
                    members.append(FieldTree.Member(name: column.name, value: value))
                }
            } catch {
                throw column.map { error.within($0.name, column: index + 1) }
                    ?? FieldError(error.problem, column: index + 1)
            }
            index += 1
        } while cursor.hasMore
        if index != columns.count { throw CSVPlan.wrongCount(index, expected: columns.count) }
        return .record(members)
    }

    private func value(
        of cell: CSVCursor.Cell, _ cursor: CSVCursor, _ field: FieldDescription
    ) throws(FieldError) -> FieldTree {
        let readsEmpty = field.type == .string && !field.isOptional && !options.emptyStringIsNull
        if syntax.isNull(cell, isEmptyText: readsEmpty) {
            guard field.isOptional else { throw syntax.missing(cell) }
            return .null
        }
        guard cell.hasDoubledQuotes else {
            return try FieldTree.readText(TextCell(cell.bytes), as: field.type)
        }
        let plain = cursor.undoubled(cell.bytes)
        return try plain.withUnsafeBufferPointer { bytes throws(FieldError) in
            try FieldTree.readText(TextCell(bytes), as: field.type)
        }
    }
}

extension FieldTree {
    /// Reads a cell of delimited text.
    static func readText(_ cell: TextCell, as type: FieldType) throws(FieldError) -> FieldTree {
        switch type {
        case .bool: return .bool(try Bool.readField(text: cell))
        case .int8: return .int(Int64(try Int8.readField(text: cell)))
        case .int16: return .int(Int64(try Int16.readField(text: cell)))
        case .int32: return .int(Int64(try Int32.readField(text: cell)))
        case .int64: return .int(try Int64.readField(text: cell))
        case .uint8: return .int(Int64(try UInt8.readField(text: cell)))
        case .uint16: return .int(Int64(try UInt16.readField(text: cell)))
        case .uint32: return .int(Int64(try UInt32.readField(text: cell)))
        case .uint64: return .uint(try UInt64.readField(text: cell))
        case .float: return .float(try Float.readField(text: cell))
        case .double: return .double(try Double.readField(text: cell))
        case .string: return .string(try String.readField(text: cell))
        case .bytes: return .bytes(try [UInt8].readField(text: cell))
        case .timestamp: return .timestamp(try Timestamp.readField(text: cell))
        case .list, .record:
            var reader = JSONReader(cell.bytes)
            let value = try readJSON(&reader)
            try reader.finish()
            return value
        }
    }
}
