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
