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
