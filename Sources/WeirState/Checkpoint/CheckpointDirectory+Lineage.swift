import Foundation
public import WeirCore

/// Where a run begins.
public enum RunStart: Equatable, Sendable {
    /// Without state.
    case nothing
    /// At a checkpoint of the directory.
    case own(Epoch)
    /// At a checkpoint or savepoint elsewhere.
    case elsewhere(String)
}

/// What a directory notes of a run that began elsewhere, until its first checkpoint is complete.
private struct Origin: Codable {
    /// The path of the checkpoint or savepoint, absolute.
    let restored: String
}

extension CheckpointDirectory {
    /// Notes where a run begins, and gives up all checkpoints of the directory that come later: their
    /// sinks are about to remove what those have shown, so that nothing may go on from them any more. To
    /// be called after sinks were asked whether they can go back, and before any of them does.
    ///
    /// A run that begins at a savepoint has that found by ``latest(verifying:)`` until its first
    /// checkpoint is complete.
    ///
    /// - Returns: The checkpoints that were given up.
    /// - Throws: What the file system throws; the job must then not start.
    public func beginRun(at start: RunStart) throws -> [Epoch] {
        if case .elsewhere(let path) = start { try note(Origin(restored: Self.absolute(path))) }
        let later = try SavedCheckpoint.epochs(root: path, fileSystem: fileSystem).filter {
            if case .own(let epoch) = start { $0 > epoch } else { true }
        }
        for epoch in later {
            try hide(epoch)
            state.withLock { $0.complete[epoch] = nil }
        }
        // Only now: until the others are gone, they are where the next run would begin.
        if case .elsewhere = start { return later }
        try forgetOrigin()
        return later
    }

    /// The path of the checkpoint at which the run before began, where it completed none of its own.
    func origin() throws -> String? {
        let file = CheckpointPath.origin(path)
        guard try fileSystem.status(file) != nil else { return nil }
        do {
            let bytes = try fileSystem.contents(file)
            return try JSONDecoder().decode(Origin.self, from: Data(bytes)).restored
        } catch let error as CheckpointStorageError {
            throw error
        } catch {
            throw CheckpointStorageError.corrupt(
                path: file, reason: "it does not say where the last run began")
        }
    }

    /// Forgets where the run began, since it has a checkpoint of its own.
    func forgetOrigin() throws {
        let file = CheckpointPath.origin(path)
        guard try fileSystem.status(file) != nil else { return }
        try fileSystem.remove(file)
        try fileSystem.synchronizeDirectory(path)
    }

    private func note(_ origin: Origin) throws {
        let file = CheckpointPath.origin(path)
        let partial = file + CheckpointPath.partialSuffix
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let output = try fileSystem.create(partial)
        try output.append([UInt8](try encoder.encode(origin)) + [10])
        try output.synchronize()
        try output.close()
        try fileSystem.rename(partial, to: file)
        try fileSystem.synchronizeDirectory(path)
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
