public import WeirCore

/// Reads JSON Lines: one JSON object a line.
///
/// ```swift
/// job.source(JSONLinesFiles<Order>("-"), onBadRecord: .skip(limit: 10), as: "orders")
/// ```
///
/// Paths, compression and bad records are as for ``CSVFiles``. Blank lines are passed over, an empty
/// file has no records, and plain files longer than ``FileReadOptions/splitBytes`` always fall into
/// byte ranges that are read in parallel.
public struct JSONLinesFiles<Row: Sendable>: Source {
    public typealias Element = Row

    private let files: FileSet
    private let format: RowFormat<Row>

    /// Reads records with a schema.
    ///
    /// - Parameters:
    ///   - patterns: Paths or patterns; `-` for standard input.
    ///   - reading: Sizes and compression.
    public init(_ patterns: String..., reading: FileReadOptions = FileReadOptions())
    where Row: Record {
        self.init(paths: patterns, format: RowFormat(Row.self), reading: reading)
    }

    /// Reads values of a type that is only `Codable`, which is slower; otherwise as for records.
    @_disfavoredOverload
    public init(_ patterns: String..., reading: FileReadOptions = FileReadOptions())
    where Row: Codable {
        self.init(paths: patterns, format: RowFormat(Row.self), reading: reading)
    }

    /// Reads rows of any format from paths or patterns that are known only when the job is built.
    public init(
        paths: [String], format: RowFormat<Row>, reading: FileReadOptions = FileReadOptions()
    ) {
        files = FileSet(patterns: paths, options: reading)
        self.format = format
    }

    public var summary: String { files.summary("JSON Lines") }
    public var isReplayable: Bool { files.isReplayable }
    public var fields: [FieldDescription] { format.fields }

    /// One split for each file, or for each byte range of a large one.
    ///
    /// - Throws: ``FileError`` or ``FileSystemError`` for a file that is missing or cannot be read;
    ///   ``SchemaError`` for a record that makes no sense.
    public func splits() throws -> [SourceSplit] {
        try format.validate()
        return try files.splits(inRanges: true) { _ in }
    }

    public func reader(
        for split: SourceSplit, context: ReaderContext
    ) throws -> JSONLinesFileReader<Row> {
        let path = try FileSet.path(of: split)
        let options = files.options
        let input = try OpenInput(path, options: options, isStopping: context.isStopping)
        let name = OpenInput.displayName(path)
        let splitter = try self.splitter(over: input, split: split, path: name)
        let cursor = RecordCursor(splitter, path: name, split: split, context: context)
        return JSONLinesFileReader(cursor, decoder: format.jsonDecoder())
    }

    private func splitter(
        over input: OpenInput, split: SourceSplit, path: String
    ) throws -> RecordSplitter {
        let resumed = split.resumedPosition
        // One byte earlier, to see whether the range begins at the start of a line.
        let offset = resumed?.offset ?? max(split.start - 1, 0)
        var before: [UInt8] = []
        if let resumed {
            before = try input.move(to: resumed, path: path)
        } else if offset > 0 {
            try input.file.seek(to: offset)
        }
        return RecordSplitter(
            input.bytes, isLive: input.file.isLive, offset: offset, before: before,
            endOffset: split.end ?? .max, skipsFirstLine: resumed == nil && split.start > 0,
            maximumRecordBytes: files.options.maximumRecordBytes,
            bufferBytes: files.options.bufferBytes)
    }
}

extension JSONLinesFiles where Row: Record {
    /// Reads records from standard input, each as soon as it is there.
    public static var standardInput: JSONLinesFiles { JSONLinesFiles("-") }
}

extension JSONLinesFiles where Row: Codable {
    /// Reads values from standard input, each as soon as it is there.
    @_disfavoredOverload public static var standardInput: JSONLinesFiles { JSONLinesFiles("-") }
}

/// Reads one file of JSON Lines, or a byte range of one.
public struct JSONLinesFileReader<Row: Sendable>: SplitReader {
    @usableFromInline var cursor: RecordCursor
    @usableFromInline let decoder: JSONRecordDecoder<Row>

    init(_ cursor: RecordCursor, decoder: JSONRecordDecoder<Row>) {
        self.cursor = cursor
        self.decoder = decoder
    }

    /// How far it has read; `nil` for a pipe or a terminal.
    ///
    /// `offset` counts bytes of the content, decompressed, and `records` lines.
    public var position: SplitPosition? { cursor.position }

    /// Appends up to `limit` records; fewer where waiting for more could take long, or where a bad
    /// record or a fault comes next. May append none although there is more.
    @inlinable public mutating func read(
        into batch: inout Batch<Row>, limit: Int
    ) throws -> ReadOutcome {
        for _ in 0..<limit {
            switch try cursor.next(mayWait: batch.isEmpty) {
            case .record: break
            case .pause: return .more
            case .end: return .end
            }
            if cursor.isBlank { continue }
            do throws(FieldError) {
                batch.append(
                    try decoder.decode(
                        cursor.splitter.window.bytes.span.extracting(cursor.splitter.record)),
                    at: .earliest)
            } catch {
                try cursor.reject(error, mayThrow: batch.isEmpty)
            }
        }
        return .more
    }
}
