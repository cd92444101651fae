/// How the columns of one file are read into records of one type, the type erased.
@usableFromInline final class CSVPlan: Sendable {
    /// One column: where its value goes.
    struct Column: Sendable {
        let name: String
        let isWanted: Bool
        let offset: Int
        let isOptional: Bool
        let readsEmptyText: Bool
        let quick: QuickType
        let read: @Sendable (UnsafeMutableRawPointer, TextCell) throws(FieldError) -> Void
        let setNull: @Sendable (UnsafeMutableRawPointer) -> Void
    }

    private let columns: FrozenTable<Column>
    private let syntax: CSVSyntax
    /// One past the last column that is wanted; the rest need only be counted.
    private let wantedEnd: Int

    init(header: CSVHeader, layout: RecordLayout, options: CSVOptions) {
        let columns = header.fields.map { field in
            guard let field else {
                return Column(
                    name: "", isWanted: false, offset: 0, isOptional: true, readsEmptyText: false,
                    quick: .none, read: { _, _ throws(FieldError) in }, setNull: { _ in })
            }
            let stored = layout.stored[field]
            return Column(
                name: stored.access.name, isWanted: true, offset: stored.offset,
                isOptional: stored.access.isOptional,
                readsEmptyText: stored.access.readsEmptyText && !options.emptyStringIsNull,
                quick: stored.access.quick, read: stored.access.readText,
                setNull: stored.access.setNull)
        }
        syntax = CSVSyntax(options)
        self.columns = FrozenTable(columns)
        wantedEnd = (columns.lastIndex(where: \.isWanted) ?? -1) + 1
    }

    /// Reads a line into the record at `base`.
    @usableFromInline func decode(
        _ line: UnsafeBufferPointer<UInt8>, into base: UnsafeMutableRawPointer
    ) throws(FieldError) {
        var cursor = syntax.cursor(over: line)
        var index = 0
        repeat {
            if index >= wantedEnd || !readNumber(&cursor, index, base) {
                try readCell(&cursor, index, base)
            }
            index += 1
        } while cursor.hasMore
        if index != columns.count { throw Self.wrongCount(index, expected: columns.count) }
    }

    /// Reads a number as they mostly come, without looking for the end of its cell first.
    ///
    /// - Returns: Whether it has; if not, nothing has been taken.
    @inline(__always) private func readNumber(
        _ cursor: inout CSVCursor, _ index: Int, _ base: UnsafeMutableRawPointer
    ) -> Bool {
        guard syntax.readsNumbersAtOnce else { return false }
        switch columns[index].quick {
        case .integer:
            guard let value = cursor.takeInteger() else { return false }
            (base + columns[index].offset).store(
                integer: value, isOptional: columns[index].isOptional)
            return true
        case .double:
            guard let value = cursor.takeDouble() else { return false }
            (base + columns[index].offset).store(value, isOptional: columns[index].isOptional)
            return true
        case .none, .string, .utf8String, .timestamp: return false
        }
    }

    @inline(__always) private func readCell(
        _ cursor: inout CSVCursor, _ index: Int, _ base: UnsafeMutableRawPointer
    ) throws(FieldError) {
        let cell: CSVCursor.Cell
        do throws(FieldError) {
            cell = try cursor.next()
        } catch {
            throw index < columns.count && columns[index].isWanted
                ? error.within(columns[index].name, column: index + 1)
                : FieldError(error.problem, column: index + 1)
        }
        if index < wantedEnd, columns[index].isWanted {
            try store(cell, cursor, index, base)
        }
    }

    @inline(__always) private func store(
        _ cell: CSVCursor.Cell, _ cursor: CSVCursor, _ index: Int, _ base: UnsafeMutableRawPointer
    ) throws(FieldError) {
        let address = base + columns[index].offset
        do throws(FieldError) {
            if syntax.isNull(cell, isEmptyText: columns[index].readsEmptyText) {
                guard columns[index].isOptional else { throw syntax.missing(cell) }
                columns[index].setNull(address)
            } else if cell.hasDoubledQuotes {
                let plain = cursor.undoubled(cell.bytes)
                try plain.withUnsafeBufferPointer { bytes throws(FieldError) in
                    try columns[index].read(address, TextCell(bytes))
                }
            } else if columns[index].quick == .string, cell.isASCII {
                address.store(String(ascii: cell.bytes), isOptional: columns[index].isOptional)
            } else if columns[index].quick == .utf8String, cell.isASCII {
                address.store(
                    UTF8String(copying: cell.bytes), isOptional: columns[index].isOptional)
            } else if columns[index].quick == .timestamp, let time = Timestamp(usual: cell.bytes) {
                address.store(time, isOptional: columns[index].isOptional)
            } else {
                try columns[index].read(address, TextCell(cell.bytes))
            }
        } catch {
            throw error.within(columns[index].name, column: index + 1)
        }
    }

    @inline(never) static func wrongCount(_ found: Int, expected: Int) -> FieldError {
        FieldError("the record has \(found) columns, the header has \(expected)")
    }
}
