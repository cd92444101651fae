extension RowFormat {
    /// Makes a decoder for lines under `header`.
    ///
    /// Columns are found by name or alias; those that no field wants are passed over.
    ///
    /// - Throws: ``SchemaError`` for a schema that cannot be used, options that contradict each
    ///   other, a field without a column that must have a value, and a field with two columns.
    public func csvDecoder(
        header: [String], options: CSVOptions = CSVOptions()
    ) throws(SchemaError) -> CSVRecordDecoder<Row> {
        try options.validate()
        try validate()
        let header = try CSVHeader(header, fields: fields, typeName: typeName)
        switch backing {
        case .record(let layout, let make):
            return CSVRecordDecoder(
                .plan(CSVPlan(header: header, layout: layout, options: options), make: make))
        case .tree(let format):
            let decoder = TreeCSVDecoder(header: header, fields: fields, options: options)
            return CSVRecordDecoder(.tree(decoder, format))
        }
    }

    /// Makes an encoder of lines, columns in the order of the fields.
    public func csvEncoder(options: CSVOptions = CSVOptions()) -> CSVRecordEncoder<Row> {
        CSVRecordEncoder(self, options: options)
    }

    /// Makes a decoder of JSON objects.
    public func jsonDecoder() -> JSONRecordDecoder<Row> { JSONRecordDecoder(format: self) }

    /// Makes an encoder of JSON objects.
    public func jsonEncoder() -> JSONRecordEncoder<Row> { JSONRecordEncoder(format: self) }

    /// The compact binary form of these rows.
    public var binaryCodec: BinaryRecordCodec<Row> { BinaryRecordCodec(format: self) }
}
