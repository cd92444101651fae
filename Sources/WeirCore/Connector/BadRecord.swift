/// A record that could not be read: where it stood, why, and its bytes as they came.
public struct BadRecord: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or other origin.
    public let origin: String
    /// The line (from 1), or the position that the source counts by.
    public let line: Int
    /// The offset of its first byte in the origin (decompressed where it was compressed).
    public let offset: Int64
    /// What is wrong with it, naming the field.
    public let reason: String
    /// The bytes as they stood, without the line's end.
    public let bytes: [UInt8]

    /// Says where a record stood, what is wrong with it, and what its bytes are.
    public init(origin: String, line: Int, offset: Int64, reason: String, bytes: [UInt8]) {
        self.origin = origin
        self.line = line
        self.offset = offset
        self.reason = reason
        self.bytes = bytes
    }

    public var description: String {
        let text = String(decoding: bytes.prefix(200), as: UTF8.self)
        return "\(origin), line \(line) (byte \(offset)): \(reason). The record is: \(text)"
    }
}

/// What a job does with records that cannot be read. There is no default: each source says it.
public enum BadRecordPolicy: Equatable, Sendable {
    /// The first one stops the job with an error that shows it.
    case fail
    /// Each one is set aside, with its reason, position and raw bytes, in a file of JSON Lines;
    /// `nil`: `dead-letters/<operator>.jsonl` under the working directory.
    case deadLetter(path: String?)
    /// Each one is counted and passed over; more than `limit` of them stop the job.
    case skip(limit: Int)

    /// Sets bad records aside in `dead-letters/<operator>.jsonl`.
    public static var deadLetter: BadRecordPolicy { .deadLetter(path: nil) }
}

/// Carries out a ``BadRecordPolicy`` for one source; readers call it with what they can't read.
///
/// Shared by all subtasks of the source, so it is safe to call from any of them.
public protocol BadRecordHandler: Sendable {
    /// Deals with `record`.
    ///
    /// - Throws: An error that stops the job, when the policy says so or the dead letter could not
    ///   be written.
    func handle(_ record: BadRecord) throws
}
