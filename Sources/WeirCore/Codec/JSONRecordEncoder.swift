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
