public import WeirCore

/// Writes JSON Lines, one object a line, to a file or to a directory of files.
///
/// Names, completion, rolling, overwriting and checkpoints are as for ``CSVFileSink``.
public struct JSONLinesFileSink<Row: Sendable>: Sink {
    public typealias Element = Row

    private let target: FileTarget
    private let format: RowFormat<Row>

    /// Writes one file of records.
    ///
    /// - Parameters:
    ///   - path: The file; its extension says how it is compressed.
    ///   - overwrite: Whether a file that is there may be replaced.
    public init(file path: String, overwrite: Bool = false)
    where Row: Record {
        self.init(.single(path, "jsonl", overwrite), RowFormat(Row.self))
    }

    /// Writes one file of values of a type that is only `Codable`.
    @_disfavoredOverload
    public init(file path: String, overwrite: Bool = false)
    where Row: Codable {
        self.init(.single(path, "jsonl", overwrite), RowFormat(Row.self))
    }

    /// Writes files of records into a directory.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - compression: How the files are compressed.
    ///   - rolling: When a subtask begins another file.
    ///   - overwrite: Whether the files of an earlier run may be replaced.
    public init(
        directory path: String, compression: FileCompression = .plain,
        rolling: FileRolling = .never, overwrite: Bool = false
    ) where Row: Record {
        self.init(
            .parts(path, "jsonl", compression, rolling, overwrite), RowFormat(Row.self))
    }

    /// Writes files of values of a type that is only `Codable` into a directory.
    @_disfavoredOverload
    public init(
        directory path: String, compression: FileCompression = .plain,
        rolling: FileRolling = .never, overwrite: Bool = false
    ) where Row: Codable {
        self.init(
            .parts(path, "jsonl", compression, rolling, overwrite), RowFormat(Row.self))
    }

    private init(_ target: FileTarget, _ format: RowFormat<Row>) {
        self.target = target
        self.format = format
    }

    public var summary: String { target.summary("JSON Lines") }
    public var maximumParallelism: Int? { target.maximumParallelism }
    public var guarantee: DeliveryGuarantee { target.guarantee }
    public var fields: [FieldDescription] { format.fields }

    /// - Throws: ``FileError/exists(path:)``, ``FileSystemError`` for a place that cannot be written,
    ///   ``SchemaError`` for a record that makes no sense.
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
    }

    public func writer(context: SubtaskContext) throws -> RowFileWriter<Row> {
        let encoder = format.jsonEncoder()
        let output = try RollingOutput(target, header: [], context: context)
        return RowFileWriter(output) { row, bytes throws(FieldError) in
            try encoder.encode(row, into: &bytes)
        }
    }
}
