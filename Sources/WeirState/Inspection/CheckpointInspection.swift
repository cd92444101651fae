public import WeirCore

/// What is in a checkpoint, read without the job's types: for tools, and for tests of a job that look
/// at the state it keeps.
///
/// ```swift
/// let state = try CheckpointInspection("state")
/// let total = try state.entries(ofOperator: "totals").first { $0.hasKey("JFK") }
/// ```
///
/// Any thread may use it.
public struct CheckpointInspection: Sendable {
    /// The checkpoint.
    public let checkpoint: SavedCheckpoint

    /// A part of an operator's state, over all subtasks.
    public struct Part: Hashable, Sendable {
        /// The operator that keeps it.
        public let operatorID: String
        /// Its name.
        public let name: String
        /// How it is laid out.
        public let layout: StateLayout
        /// The number of entries; of what has none of its own, the number of blocks.
        public let entryCount: Int
        /// The length of its blocks. Unit: bytes, unpacked.
        public let bytes: Int
    }

    /// Looks into an open checkpoint.
    public init(_ checkpoint: SavedCheckpoint) { self.checkpoint = checkpoint }

    /// Opens the checkpoint at a path: a checkpoint directory, of which the newest is meant, one of the
    /// numbered directories in its `checkpoints`, or a savepoint.
    ///
    /// - Throws: ``CheckpointStorageError``, naming the file that is missing or damaged.
    public init(
        _ path: String, fileSystem: any CheckpointFileSystem = DiskFileSystem()
    ) throws {
        checkpoint = try SavedCheckpoint.open(path, fileSystem: fileSystem)
    }

    /// All parts of state, by operator.
    ///
    /// - Throws: ``CheckpointStorageError`` and `StateFormatError` for what is damaged.
    /// - Complexity: Reads all lists and timers, in order to count them.
    public func parts() throws -> [Part] {
        try checkpoint.manifest.operators.flatMap { saved in
            try saved.parts.map { part in
                let pieces = checkpoint.state(ofOperator: saved.id, part: part.name)
                return Part(
                    operatorID: saved.id, name: part.name, layout: part.layout,
                    entryCount: try pieces.reduce(0) { sum, piece in
                        sum + (try StatePieceReader(piece).entryCount())
                    },
                    bytes: part.pieces.reduce(0) { $0 + $1.rawBytes })
            }
        }
    }

    /// Calls `body` with each entry of the state, operator by operator, subtask by subtask; one block is
    /// in memory at a time.
    ///
    /// - Parameters:
    ///   - operatorID: Only this operator's; `nil`: all.
    ///   - name: Only parts of this name; `nil`: all.
    /// - Throws: What `body` throws; ``StateInspectionError/noOperator(_:known:)`` and
    ///   ``StateInspectionError/noPart(_:operatorID:known:)`` for what is not there;
    ///   ``CheckpointStorageError`` and `StateFormatError` for what is damaged.
    public func forEachEntry(
        ofOperator operatorID: String? = nil, part name: String? = nil,
        _ body: (StateEntry) throws -> Void
    ) throws {
        try check(operatorID, name)
        for saved in checkpoint.manifest.operators
        where operatorID.map({ $0 == saved.id }) ?? true {
            for part in saved.parts where name.map({ $0 == part.name }) ?? true {
                for piece in checkpoint.state(ofOperator: saved.id, part: part.name) {
                    try StatePieceReader(piece).forEachEntry { key, value in
                        try body(
                            StateEntry(
                                operatorID: saved.id, part: part.name, subtask: piece.subtask,
                                key: key, value: value))
                    }
                }
            }
        }
    }

    /// All entries, in memory; see ``forEachEntry(ofOperator:part:_:)``.
    public func entries(
        ofOperator operatorID: String? = nil, part name: String? = nil
    ) throws -> [StateEntry] {
        var entries: [StateEntry] = []
        try forEachEntry(ofOperator: operatorID, part: name) { entries.append($0) }
        return entries
    }

    private func check(_ operatorID: String?, _ name: String?) throws(StateInspectionError) {
        guard let operatorID else { return }
        let operators = checkpoint.manifest.operators
        guard let saved = operators.first(where: { $0.id == operatorID }) else {
            throw .noOperator(operatorID, known: operators.map(\.id))
        }
        guard let name else { return }
        guard saved.parts.contains(where: { $0.name == name }) else {
            throw .noPart(name, operatorID: operatorID, known: saved.parts.map(\.name))
        }
    }
}

/// What was asked for is not in the checkpoint.
public enum StateInspectionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no operator of that name.
    case noOperator(String, known: [String])
    /// The operator has no part of that name.
    case noPart(String, operatorID: String, known: [String])

    public var description: String {
        switch self {
        case .noOperator(let name, let known):
            "the checkpoint has no operator '\(name)'; it has \(Self.list(known))"
        case .noPart(let name, let operatorID, let known):
            "operator '\(operatorID)' has no part '\(name)'; it has \(Self.list(known))"
        }
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.map { "'\($0)'" }.joined(separator: ", ")
    }
}
