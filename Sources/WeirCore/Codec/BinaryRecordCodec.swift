/// Writes and reads rows in a compact binary form, for state and exchange between processes.
public struct BinaryRecordCodec<Row: Sendable>: Sendable {
    @usableFromInline let format: RowFormat<Row>

    /// Appends the compact form of `row`: one bit for each optional field, integers of as few bytes
    /// as they need, doubles of eight, strings after their length.
    ///
    /// - Throws: ``FieldError`` when a `Codable` row refuses to be encoded; never for a ``Record``.
    public func encode(_ row: Row, into output: inout [UInt8]) throws(FieldError) {
        switch format.backing {
        case .record(let layout, _): layout.writeBinary(row, to: &output)
        case .tree(let tree): try tree.encode(row).writeBinary(to: &output)
        }
    }

    /// Reads the row that starts at `offset`, and moves `offset` behind it.
    ///
    /// - Throws: ``FieldError`` for bytes that are cut off or corrupt; `offset` then stays.
    public func decode(
        from bytes: Span<UInt8>, at offset: inout Int
    ) throws(FieldError) -> Row {
        guard offset >= 0, offset <= bytes.count else { throw BinaryReader.truncated() }
        var consumed = offset
        let row = try bytes.withUnsafeBufferPointer { buffer throws(FieldError) in
            var reader = BinaryReader(UnsafeBufferPointer(rebasing: buffer[consumed...]))
            let row = try decode(&reader)
            consumed = buffer.count - reader.left
            return row
        }
        offset = consumed
        return row
    }

    private func decode(_ reader: inout BinaryReader) throws(FieldError) -> Row {
        switch format.backing {
        case .record(let layout, let make):
            var row = make()
            try layout.readBinary(into: &row, &reader)
            return row
        case .tree(let tree):
            return try tree.decodeRow(FieldTree.readBinary(&reader))
        }
    }
}
