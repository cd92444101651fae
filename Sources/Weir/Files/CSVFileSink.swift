public import WeirCore

/// Writes delimited text to a file, or to a directory of files, each under a header.
///
/// A file gets its name only once it is complete and on the disk: until then it is hidden beside it
/// (`.part-0-0.csv.inprogress`). Missing directories are made. What is there already is refused
/// unless `overwrite`, which replaces a file at once and, in a directory, removes the parts of an
/// earlier run once the new ones are complete.
///
/// In a directory each subtask writes files of its own, `part-<subtask>-<n>.csv`; a subtask without
/// rows writes none. A single file has one writer, and is there even without rows. A device or a
/// named pipe, such as `/dev/stdout`, is written directly.
///
/// **With checkpoints** each result is in a file once, after failures too
/// (``DeliveryGuarantee/transactional``). In a directory, the rows of an epoch go to files of their
/// own, `part-<subtask>-<epoch>-<n>.csv`, which get their names when the epoch is committed; those of an
/// earlier run go when the job begins. A single file still shows whole or not at all: checkpoints hold
/// how long it was, and it gets its name when the input has ended. A device or a pipe takes nothing
/// back, and after a failure may be given rows again (``DeliveryGuarantee/atLeastOnce``).
public struct CSVFileSink<Row: Sendable>: Sink {
    public typealias Element = Row

    private let target: FileTarget
    private let format: RowFormat<Row>
    private let options: CSVOptions

    /// Writes one file of records.
    ///
    /// - Parameters:
    ///   - path: The file; its extension says how it is compressed.
    ///   - options: How the text is delimited, and what stands for a missing value.
    ///   - overwrite: Whether a file that is there may be replaced.
    public init(file path: String, options: CSVOptions = CSVOptions(), overwrite: Bool = false)
    where Row: Record {
        self.init(.single(path, "csv", overwrite), RowFormat(Row.self), options)
    }

    /// Writes one file of values of a type that is only `Codable`.
    @_disfavoredOverload
    public init(file path: String, options: CSVOptions = CSVOptions(), overwrite: Bool = false)
    where Row: Codable {
        self.init(.single(path, "csv", overwrite), RowFormat(Row.self), options)
    }

    /// Writes files of records into a directory.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - compression: How the files are compressed.
    ///   - rolling: When a subtask begins another file.
    ///   - options: How the text is delimited, and what stands for a missing value.
    ///   - overwrite: Whether the files of an earlier run may be replaced.
    public init(
        directory path: String, compression: FileCompression = .plain,
        rolling: FileRolling = .never, options: CSVOptions = CSVOptions(), overwrite: Bool = false
    ) where Row: Record {
        self.init(
            .parts(path, "csv", compression, rolling, overwrite), RowFormat(Row.self), options)
    }

    /// Writes files of values of a type that is only `Codable` into a directory.
    @_disfavoredOverload
    public init(
        directory path: String, compression: FileCompression = .plain,
        rolling: FileRolling = .never, options: CSVOptions = CSVOptions(), overwrite: Bool = false
    ) where Row: Codable {
        self.init(
            .parts(path, "csv", compression, rolling, overwrite), RowFormat(Row.self), options)
    }

    private init(_ target: FileTarget, _ format: RowFormat<Row>, _ options: CSVOptions) {
        self.target = target
        self.format = format
        self.options = options
    }

    public var summary: String { target.summary("CSV") }
    public var maximumParallelism: Int? { target.maximumParallelism }
    public var guarantee: DeliveryGuarantee { target.guarantee }
    public var fields: [FieldDescription] { format.fields }

    /// - Throws: ``FileError/exists(path:)``, ``FileSystemError`` for a place that cannot be written,
    ///   ``SchemaError`` for a record or options that make no sense.
    public func validate() throws {
        try validateFormat()
        try target.validate()
    }

    public func validateRestored() throws {
        try validateFormat()
        try target.validate(isRestored: true)
    }

    private func validateFormat() throws {
        try format.validate()
        // The decoder's maker is what checks the options.
        _ = try format.csvDecoder(header: format.fields.map(\.name), options: options)
    }

    public func writer(context: SubtaskContext) throws -> RowFileWriter<Row> {
        let encoder = format.csvEncoder(options: options)
        let output = try RollingOutput(target, header: encoder.header + [10], context: context)
        return RowFileWriter(output) { row, bytes throws(FieldError) in
            try encoder.encode(row, into: &bytes)
        }
    }
}
