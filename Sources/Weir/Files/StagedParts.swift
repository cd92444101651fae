import WeirCore
import WeirRuntime

/// The files that a writer makes in a directory in a job with checkpoints: those of an epoch stay
/// hidden until it is committed, and are then renamed.
///
/// A rename is done or not, and doing it again changes nothing, so a commit can stop anywhere and be
/// repeated. A file's name says the epoch, so that a job which goes back to an older checkpoint can
/// remove what later ones have made.
struct StagedParts: Sendable {
    private let target: FileTarget
    private let context: SubtaskContext
    private let owner: String
    private var epoch = Epoch.none
    /// The completed files of the epoch.
    private var completed: [PartName] = []

    init(_ target: FileTarget, context: SubtaskContext) {
        self.target = target
        self.context = context
        var hasher = StableHasher()
        for name in [context.job, context.operatorName] { name.hash(into: &hasher) }
        owner = String(hasher.finalize(), radix: 16)
    }

    /// The next file of the epoch.
    private var current: PartName {
        PartName(
            subtask: context.subtask, epoch: epoch, part: completed.count, format: target.format,
            compression: target.compression, staging: owner)
    }

    mutating func begin(_ epoch: Epoch) { self.epoch = epoch }

    /// Opens the next file.
    func open() throws -> OutputFile {
        try OutputFile(
            target.path(current.committed), compression: target.compression, overwrite: true,
            hidden: target.path(current))
    }

    /// Completes the file that was opened last.
    mutating func complete(_ file: OutputFile) throws {
        try file.complete()
        completed.append(current)
    }

    /// Makes the completed files outlast a loss of power.
    ///
    /// - Returns: Their names, for `commit`; `nil` when there are none.
    mutating func prepare() -> [UInt8]? {
        guard !completed.isEmpty else { return nil }
        FileTree.synchronize(target.directory)
        var writer = StateWriter()
        writer.write(varint: UInt64(completed.count))
        for part in completed { writer.write(part.text) }
        completed = []
        return writer.bytes
    }

    /// Gives the files of an epoch their names, unless they have them.
    ///
    /// - Throws: ``FileError/notAsPrepared(path:problem:)`` for one that is gone.
    func commit(_ transaction: PreparedTransaction) throws {
        for part in try names(in: transaction) where try isStaged(part) {
            try FileTree.move(target.path(part), to: target.path(part.committed))
        }
    }

    /// Checks that the files of an epoch are there, under one name or the other.
    ///
    /// - Throws: ``FileError/notAsPrepared(path:problem:)`` for one that is gone.
    func validate(_ transaction: PreparedTransaction) throws {
        for part in try names(in: transaction) { _ = try isStaged(part) }
    }

    /// Whether a prepared file has yet to get its name.
    private func isStaged(_ part: PartName) throws -> Bool {
        if try FileStatus.ifPresent(target.path(part)) != nil { return true }
        let path = target.path(part.committed)
        guard try FileStatus.ifPresent(path) != nil else {
            throw FileError.notAsPrepared(path: path, problem: "it is not there")
        }
        return false
    }

    private func names(in transaction: PreparedTransaction) throws -> [PartName] {
        try StateReader.reading(transaction.content) { reader in
            try (0..<reader.readCount()).map { _ in
                let text = try reader.readString()
                guard let part = PartName(text, format: target.format) else {
                    throw FileError.notAsPrepared(
                        path: text, problem: "it is no file in the format that is written now")
                }
                return part
            }
        }
    }

    /// Removes what a failed run has staged or committed in epochs after this one.
    func removeParts(after epoch: Epoch) throws {
        try target.remove { part in
            guard part.isFor(context.subtask, of: context.parallelism), let of = part.epoch else {
                return false
            }
            return of > epoch && (part.staging == owner || part.staging == nil)
        }
    }

    /// Makes room for a job that begins anew: removes what a run before it has staged, and where the
    /// target is to be overwritten, all that is there.
    func removeAll() throws {
        try target.remove { part in
            part.isFor(context.subtask, of: context.parallelism)
                && (part.staging == owner || part.staging == nil && target.overwrite)
        }
    }

    /// Removes the files of the epoch, which is not prepared.
    mutating func abandon() {
        // There is nobody left to tell that one could not be removed; `recover` tries again.
        for part in completed { try? FileTree.remove(target.path(part)) }
        completed = []
    }
}

extension PartName {
    /// Its name once it is committed.
    fileprivate var committed: PartName {
        var part = self
        part.staging = nil
        return part
    }
}
