public import WeirCore
import WeirRuntime

/// The files of one writer: rows collect in a buffer, and every so often another file begins.
///
/// A single file is made even when there is no row; in a directory, a writer without rows makes
/// none.
@usableFromInline struct RollingOutput {
    /// The bytes of the rows that have not been handed to the file.
    @usableFromInline var buffer: [UInt8] = []
    @usableFromInline var rows = 0
    @usableFromInline var bufferStart: Int64 = 0
    @usableFromInline let maximumRows: Int
    @usableFromInline let maximumBytes: Int64
    private let target: FileTarget
    private let header: [UInt8]
    private let subtask: Int
    private let parallelism: Int
    private var visibility: Visibility
    private var part = 0
    private var file: OutputFile?
    /// Whether the writer knows, in a job with checkpoints, what it goes on from.
    private var hasStarted = false
    /// Whether a checkpoint may need the file.
    private var isPrepared = false

    /// When files get their names.
    private enum Visibility {
        /// When each is complete.
        case onCompletion
        /// With the commit of their epoch.
        case byEpoch(StagedParts)
        /// At the end; checkpoints hold the length.
        case atEnd
    }

    /// How much collects before it is written.
    @usableFromInline static var flushBytes: Int { 256 << 10 }

    /// - Parameter header: What every file begins with.
    init(_ target: FileTarget, header: [UInt8], context: SubtaskContext) throws {
        self.target = target
        self.header = header
        subtask = context.subtask
        parallelism = context.parallelism
        maximumRows = target.rolling.rows ?? .max
        maximumBytes = target.rolling.bytes ?? .max
        visibility = try Self.visibility(of: target, context)
        buffer.reserveCapacity(Self.flushBytes + (64 << 10))
        if case .onCompletion = visibility { try begin() }
    }

    private static func visibility(
        of target: FileTarget, _ context: SubtaskContext
    ) throws -> Visibility {
        guard context.isCheckpointed else { return .onCompletion }
        switch target.place {
        case .directory: return .byEpoch(StagedParts(target, context: context))
        case .file(let path): return try OutputFile.isDevice(path) ? .onCompletion : .atEnd
        }
    }

    /// The file being written, for messages.
    @usableFromInline var path: String { target.path(subtask: subtask, part: part) }

    /// Ends the line of a row that has been put into the buffer.
    @inlinable mutating func endRow() throws {
        buffer.append(10)
        rows &+= 1
        if rows == maximumRows || bufferStart + Int64(buffer.count) >= maximumBytes {
            try roll()
        } else if buffer.count >= Self.flushBytes {
            try writeBuffer()
        }
    }

    /// Completes the file; the next row begins another.
    @usableFromInline mutating func roll() throws {
        try complete()
        buffer.append(contentsOf: header)
    }

    private mutating func complete() throws {
        do {
            try writeBuffer()
            if let file { try complete(file) }
        } catch {
            abandon()
            throw error
        }
        file = nil
        part += 1
        rows = 0
        bufferStart = 0
    }

    private mutating func complete(_ file: OutputFile) throws {
        guard case .byEpoch(var parts) = visibility else { return try file.commit() }
        try parts.complete(file)
        visibility = .byEpoch(parts)
    }

    /// Hands the buffer to the file, which it opens if need be.
    @usableFromInline mutating func writeBuffer() throws {
        let output = try file ?? open()
        file = output
        // A section of a compressed file costs some bytes, be it empty.
        if !buffer.isEmpty { try output.write(buffer.span) }
        bufferStart += Int64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what there is where it can be seen at once: into a device or a pipe.
    mutating func flush() throws {
        if file?.isVisible == true { try writeBuffer() }
    }

    /// Completes the last file.
    mutating func finish() throws {
        if rows > 0 || file != nil { try complete() }
        guard case .onCompletion = visibility else { return }
        try target.removeOldParts(subtask: subtask, from: part, parallelism: parallelism)
    }

    /// Closes the last file, which keeps its hidden name where it is one that the next run goes on with.
    mutating func suspend() throws {
        guard case .atEnd = visibility else { return try finish() }
        // All rows are in the file since the last epoch was prepared.
        file = nil
    }

    /// Removes what is not complete, nor prepared for a checkpoint; complete files stay.
    mutating func abandon() {
        if !isPrepared { file?.abandon() }
        if case .byEpoch(var parts) = visibility {
            parts.abandon()
            visibility = .byEpoch(parts)
        }
        file = nil
        buffer.removeAll()
    }

    /// A row that has no form in this format.
    @usableFromInline func notEncodable(_ error: FieldError) -> FileError {
        .notEncodable(path: path, problem: error.reason)
    }

    private mutating func begin() throws {
        buffer.append(contentsOf: header)
        // Opened at once, so that a place that cannot be written is known before the first row; in
        // a directory the first row decides, since a writer may get none.
        if case .file = target.place { file = try open() }
    }

    private func open() throws -> OutputFile {
        if case .byEpoch(let parts) = visibility { return try parts.open() }
        return try OutputFile(path, compression: target.compression, overwrite: target.overwrite)
    }
}

// MARK: - Epochs

extension RollingOutput {
    mutating func begin(_ epoch: Epoch) throws {
        if !hasStarted { try recover([], after: .none) }
        guard case .byEpoch(var parts) = visibility else { return }
        parts.begin(epoch)
        visibility = .byEpoch(parts)
        buffer.removeAll(keepingCapacity: true)
        buffer.append(contentsOf: header)
    }

    /// Brings the rows of the epoch to the disk.
    mutating func prepare() throws -> [UInt8]? {
        switch visibility {
        case .onCompletion:
            try flush()
            return nil
        case .byEpoch:
            if rows > 0 { try complete() }
            guard case .byEpoch(var parts) = visibility else { return nil }
            let names = parts.prepare()
            visibility = .byEpoch(parts)
            part = 0
            return names
        case .atEnd:
            try writeBuffer()
            guard let mark = try file?.endSection() else { return nil }
            if !isPrepared { FileTree.synchronize(target.directory) }
            isPrepared = true
            var writer = StateWriter()
            mark.write(to: &writer)
            return writer.bytes
        }
    }

    func commit(_ transaction: PreparedTransaction) throws {
        if case .byEpoch(let parts) = visibility { try parts.commit(transaction) }
    }

    /// Checks that what the checkpoint needs is there; changes nothing.
    func validateRecovery(_ transactions: [PreparedTransaction]) throws {
        switch visibility {
        case .onCompletion: return
        case .byEpoch(let parts):
            for transaction in transactions { try parts.validate(transaction) }
        case .atEnd:
            try Self.mark(of: transactions).map { try OutputFile.validate(resuming: path, at: $0) }
        }
    }

    /// The end of what the checkpoint has of a single file; `nil` where it had none.
    private static func mark(of transactions: [PreparedTransaction]) throws -> OutputMark? {
        try transactions.max { $0.epoch < $1.epoch }.map { last in
            try StateReader.reading(last.content) { try OutputMark(from: &$0) }
        }
    }

    mutating func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
        hasStarted = true
        switch visibility {
        case .onCompletion: return
        case .byEpoch(let parts):
            for transaction in transactions { try parts.commit(transaction) }
            try epoch == .none ? parts.removeAll() : parts.removeParts(after: epoch)
        case .atEnd:
            // Closed first, or it would be in use.
            file = nil
            buffer.removeAll()
            guard let mark = try Self.mark(of: transactions) else { return try begin() }
            file = try OutputFile(
                resuming: path, compression: target.compression, overwrite: target.overwrite,
                at: mark)
            isPrepared = true
        }
    }
}
