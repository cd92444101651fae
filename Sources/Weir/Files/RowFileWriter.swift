public import WeirCore

/// Writes the files of one subtask, row by row, in whatever format its encoder has.
public struct RowFileWriter<Row: Sendable>: SinkWriter {
    @usableFromInline typealias Encode = @Sendable (Row, inout [UInt8]) throws(FieldError) -> Void

    @usableFromInline var output: RollingOutput
    @usableFromInline let encode: Encode

    /// - Parameter encode: Appends a row, with what ends it.
    init(_ output: RollingOutput, encode: @escaping Encode) {
        self.output = output
        self.encode = encode
    }

    /// - Throws: ``FileSystemError``, for example when the disk is full; ``FileError`` when a row
    ///   cannot be encoded.
    @inlinable public mutating func write(_ batch: inout Batch<Row>) throws {
        for row in batch.indices {
            do throws(FieldError) {
                try encode(batch[row], &output.buffer)
            } catch {
                throw output.notEncodable(error)
            }
            try output.endRow()
        }
        batch.removeAll()
    }

    public mutating func flush() throws { try output.flush() }
    public mutating func finish() throws { try output.finish() }
    public mutating func suspend() throws { try output.suspend() }
    public mutating func abandon() { output.abandon() }

    public mutating func begin(_ epoch: Epoch) throws { try output.begin(epoch) }
    public mutating func prepare(_ epoch: Epoch) throws -> [UInt8]? { try output.prepare() }

    /// - Throws: ``FileError/notAsPrepared(path:problem:)`` when a file of the epoch is gone.
    public mutating func commit(_ transaction: PreparedTransaction) throws {
        try output.commit(transaction)
    }

    /// - Throws: As ``recover(_:after:)``.
    public mutating func validateRecovery(
        _ transactions: [PreparedTransaction], after epoch: Epoch
    ) throws {
        try output.validateRecovery(transactions)
    }

    /// - Throws: ``FileError/notAsPrepared(path:problem:)`` when a file that the checkpoint needs is
    ///   gone or another.
    public mutating func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
        try output.recover(transactions, after: epoch)
    }
}
