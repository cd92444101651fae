/// Reads rows from JSON objects.
public struct JSONRecordDecoder<Row: Sendable>: Sendable {
    @usableFromInline let format: RowFormat<Row>

    /// Reads one object, which must be all there is but white space.
    ///
    /// Unknown members are passed over. A field without a member, or whose member is `null`, is an
    /// error unless it is optional.
    ///
    /// - Throws: ``FieldError``, naming the field and what stands there.
    /// - Complexity: O(bytes). A ``Record`` allocates only its strings over 15 bytes and its arrays.
    public func decode(_ line: Span<UInt8>) throws(FieldError) -> Row {
        try line.withUnsafeBufferPointer { bytes throws(FieldError) in
            var reader = JSONReader(bytes)
            switch format.backing {
            case .record(let layout, let make):
                var row = make()
                try layout.readJSON(into: &row, &reader)
                try reader.finish()
                return row
            case .tree(let tree):
                let value = try FieldTree.readJSON(&reader)
                try reader.finish()
                return try tree.decodeRow(value)
            }
        }
    }
}

/// Writes rows as JSON objects, each on one line.
public struct JSONRecordEncoder<Row: Sendable>: Sendable {
    @usableFromInline let format: RowFormat<Row>

    /// Appends `row` as an object, without a line end.
    ///
    /// Members come in the order of the fields, missing values as `null`. Numbers are the shortest
    /// that read back the same; NaN and the infinities, which JSON lacks, are written as `null`.
    ///
    /// - Throws: ``FieldError`` when a `Codable` row refuses to be encoded; never for a ``Record``.
    public func encode(_ row: Row, into output: inout [UInt8]) throws(FieldError) {
        switch format.backing {
        case .record(let layout, _): layout.writeJSON(row, to: &output)
        case .tree(let tree): try tree.encode(row).writeJSON(to: &output)
        }
    }
}

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
