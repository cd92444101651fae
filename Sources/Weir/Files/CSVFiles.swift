public import WeirCore

/// Reads delimited text from files, one record a line, under a header.
///
/// ```swift
/// job.source(CSVFiles<Flight>("data/flights-*.csv.gz"), onBadRecord: .deadLetter, as: "flights")
/// ```
///
/// - Paths: a path, or a pattern with `*`, `?`, `[a-z]` within a name and `**` for any number of
///   directories; `-` is standard input, from which records come as soon as they are there.
/// - Compression: plain, gzip, LZ4, by the first bytes of each file.
/// - Header: checked against the record for every file before the job starts. Columns are found by
///   name or alias, in any order; others are passed over, and those of optional fields may lack.
/// - Format: RFC 4180; a byte-order mark and CR LF are accepted, and empty lines passed over (unless
///   there is but one column, where they are its empty values).
/// - Splits: one a file. With `quotedNewlines: false`, plain files longer than
///   ``FileReadOptions/splitBytes`` fall into byte ranges that are read in parallel.
/// - Recovery: files are read on from the byte behind the last record, compressed ones by reading
///   again what came before it. One that has become shorter, or differs right before that byte, is
///   refused. What is appended to a file after its split has ended is not read. Standard input,
///   pipes and terminals cannot be read again.
/// - Bad records: wrong types, too few or too many cells, broken UTF-8 in a wanted column, quotes
///   that do not close, and records longer than ``FileReadOptions/maximumRecordBytes`` go where the
///   source's policy says. A truncated or damaged archive is an error, after all whole records
///   before the damage.
public struct CSVFiles<Row: Sendable>: Source {
    public typealias Element = Row

    private let files: FileSet
    private let header: CSVHeaderLine<Row>
    private let quotedNewlines: Bool

    /// Reads records with a schema.
    ///
    /// - Parameters:
    ///   - patterns: Paths or patterns; `-` for standard input.
    ///   - options: How the text is delimited, and what stands for a missing value.
    ///   - header: Where the columns' names come from.
    ///   - quotedNewlines: Whether a quoted cell may hold line ends. Where none does, saying so lets
    ///     large plain files be read in parallel.
    ///   - reading: Sizes and compression.
    public init(
        _ patterns: String..., options: CSVOptions = CSVOptions(),
        header: CSVFileHeader = .present, quotedNewlines: Bool = true,
        reading: FileReadOptions = FileReadOptions()
    ) where Row: Record {
        self.init(
            paths: patterns, format: RowFormat(Row.self), options: options, header: header,
            quotedNewlines: quotedNewlines, reading: reading)
    }

    /// Reads values of a type that is only `Codable`, which is slower; otherwise as for records.
    @_disfavoredOverload
    public init(
        _ patterns: String..., options: CSVOptions = CSVOptions(),
        header: CSVFileHeader = .present, quotedNewlines: Bool = true,
        reading: FileReadOptions = FileReadOptions()
    ) where Row: Codable {
        self.init(
            paths: patterns, format: RowFormat(Row.self), options: options, header: header,
            quotedNewlines: quotedNewlines, reading: reading)
    }

    /// Reads rows of any format from paths or patterns that are known only when the job is built.
    public init(
        paths: [String], format: RowFormat<Row>, options: CSVOptions = CSVOptions(),
        header: CSVFileHeader = .present, quotedNewlines: Bool = true,
        reading: FileReadOptions = FileReadOptions()
    ) {
        files = FileSet(patterns: paths, options: reading)
        self.header = CSVHeaderLine(format: format, options: options, header: header)
        self.quotedNewlines = quotedNewlines
    }

    public var summary: String { files.summary("CSV") }
    public var isReplayable: Bool { files.isReplayable }
    public var fields: [FieldDescription] { header.format.fields }

    /// One split for each file, or for each byte range of a large one.
    ///
    /// - Throws: ``FileError`` or ``FileSystemError`` for a file that is missing, cannot be read, or
    ///   lacks a fitting header; ``SchemaError`` for a record or options that make no sense.
    public func splits() throws -> [SourceSplit] {
        try header.validate()
        return try files.splits(inRanges: !quotedNewlines) { path in
            let input = try OpenInput(path, options: files.options)
            var splitter = self.splitter(over: input)
            _ = try header.decoder(from: &splitter, path: path)
        }
    }

    public func reader(
        for split: SourceSplit, context: ReaderContext
    ) throws -> CSVFileReader<Row> {
        let path = try FileSet.path(of: split)
        let name = OpenInput.displayName(path)
        let input = try OpenInput(path, options: files.options, isStopping: context.isStopping)
        let end = split.end ?? .max
        var splitter = self.splitter(over: input, endOffset: end)
        let resumed = split.resumedPosition
        guard split.start > 0 || resumed != nil else {
            let cursor = RecordCursor(splitter, path: name, split: split, context: context)
            return CSVFileReader(cursor, header: header, decoder: nil, path: name)
        }
        guard !input.file.isLive else { throw FileError.notReplayable(path: name) }
        let decoder = try header.decoder(from: &splitter, path: name)
        if let resumed {
            // Opened again, since reading the header has gone beyond it.
            let input = try OpenInput(path, options: files.options, isStopping: context.isStopping)
            let before = try input.move(to: resumed, path: name)
            splitter = self.splitter(
                over: input, offset: resumed.offset, before: before, endOffset: end)
            let cursor = RecordCursor(splitter, path: name, split: split, context: context)
            return CSVFileReader(cursor, header: header, decoder: decoder, path: name)
        }
        let start = max(split.start, splitter.nextOffset)
        let isAfterHeader = start > split.start || splitter.nextOffset == start
        try input.file.seek(to: isAfterHeader ? start : start - 1)
        splitter = self.splitter(
            over: input, offset: isAfterHeader ? start : start - 1, endOffset: end,
            skipsFirstLine: !isAfterHeader)
        let cursor = RecordCursor(splitter, path: name, split: split, context: context)
        return CSVFileReader(cursor, header: header, decoder: decoder, path: name)
    }

    private func splitter(
        over input: OpenInput, offset: Int64 = 0, before: [UInt8] = [], endOffset: Int64 = .max,
        skipsFirstLine: Bool = false
    ) -> RecordSplitter {
        RecordSplitter(
            input.bytes, isLive: input.file.isLive, offset: offset, before: before,
            endOffset: endOffset,
            skipsFirstLine: skipsFirstLine, quoting: quotedNewlines ? header.quoting : nil,
            maximumRecordBytes: files.options.maximumRecordBytes,
            bufferBytes: files.options.bufferBytes)
    }
}

extension CSVFiles where Row: Record {
    /// Reads records from standard input, each as soon as it is there.
    public static var standardInput: CSVFiles { CSVFiles("-") }
}

extension CSVFiles where Row: Codable {
    /// Reads values from standard input, each as soon as it is there.
    @_disfavoredOverload public static var standardInput: CSVFiles { CSVFiles("-") }
}
