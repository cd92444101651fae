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
    @inlinable public func decode(_ line: Span<UInt8>) throws(FieldError) -> Row {
        switch format.backing {
        case .record(let layout, let make):
            var row = make()
            try line.withUnsafeBufferPointer { bytes throws(FieldError) in
                try withUnsafeMutablePointer(to: &row) { pointer throws(FieldError) in
                    try layout.readJSON(bytes, into: UnsafeMutableRawPointer(pointer))
                }
            }
            return row
        case .tree(let tree):
            return try tree.decodeRow(
                try line.withUnsafeBufferPointer { bytes throws(FieldError) in
                    try FieldTree(json: bytes)
                })
        }
    }
}
