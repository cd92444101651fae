public import WeirCore

/// Reads one CSV file, or a byte range of one.
public struct CSVFileReader<Row: Sendable>: SplitReader {
    @usableFromInline var cursor: RecordCursor
    @usableFromInline var decoder: CSVRecordDecoder<Row>?
    @usableFromInline var hasOneColumn = false
    private let header: CSVHeaderLine<Row>
    private let path: String

    /// - Parameter decoder: `nil` when the header is still to be read, at the first read.
    init(
        _ cursor: RecordCursor, header: CSVHeaderLine<Row>,
        decoder: (CSVRecordDecoder<Row>, columns: Int)?, path: String
    ) {
        self.cursor = cursor
        self.header = header
        self.decoder = decoder?.0
        self.path = path
        hasOneColumn = decoder?.columns == 1
    }

    /// Appends up to `limit` records; fewer where waiting for more could take long, or where a bad
    /// record or a fault comes next. May append none although there is more.
    @inlinable public mutating func read(
        into batch: inout Batch<Row>, limit: Int
    ) throws -> ReadOutcome {
        guard let decoder = try decoder ?? openedDecoder() else { return .end }
        for _ in 0..<limit {
            switch try cursor.next(mayWait: batch.isEmpty) {
            case .record: break
            case .pause: return .more
            case .end: return .end
            }
            if cursor.splitter.record.isEmpty && !hasOneColumn { continue }
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

    /// How far it has read; `nil` for a pipe or a terminal.
    ///
    /// `offset` counts bytes of the content, decompressed, and `records` lines.
    public var position: SplitPosition? { decoder == nil ? cursor.unbegun : cursor.position }

    /// Reads the header; `nil` when the job was asked to stop before it came.
    @usableFromInline mutating func openedDecoder() throws -> CSVRecordDecoder<Row>? {
        guard let made = try header.decoder(from: &cursor.splitter, path: path) else { return nil }
        hasOneColumn = made.columns == 1
        decoder = made.0
        return made.0
    }
}
