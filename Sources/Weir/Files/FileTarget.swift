import WeirCore
import WeirRuntime

/// When a sink that writes into a directory begins another file.
public struct FileRolling: Equatable, Sendable {
    /// The rows in a file; `nil`: any number.
    public var rows: Int?
    /// The length of a file's content, before compression, from which on the next row goes to
    /// another file; `nil`: any length. Unit: bytes.
    public var bytes: Int64?

    /// One file for each writer.
    public static var never: FileRolling { FileRolling() }

    /// Begins another file when either limit is reached.
    public init(rows: Int? = nil, bytes: Int64? = nil) {
        self.rows = rows
        self.bytes = bytes
    }

    /// Refuses limits that are not positive.
    func validate() throws(FileError) {
        if let rows, rows < 1 {
            throw .invalidOption(
                name: "rolling.rows", value: "\(rows)", mend: "it must be at least 1")
        }
        if let bytes, bytes < 1 {
            throw .invalidOption(
                name: "rolling.bytes", value: "\(bytes)", mend: "it must be at least 1")
        }
    }
}

/// The file or the directory of files that a sink writes.
struct FileTarget: Sendable {
    enum Place: Equatable, Sendable {
        case file(String)
        case directory(String)
    }

    let place: Place
    let compression: FileCompression
    let rolling: FileRolling
    let overwrite: Bool
    /// The extension of the format, without a dot.
    let format: String

    /// One file, compressed as its extension says.
    static func single(_ path: String, _ format: String, _ overwrite: Bool) -> FileTarget {
        FileTarget(
            place: .file(path), compression: FileCompression(path: path), rolling: .never,
            overwrite: overwrite, format: format)
    }

    /// Files in a directory.
    static func parts(
        _ path: String, _ format: String, _ compression: FileCompression, _ rolling: FileRolling,
        _ overwrite: Bool
    ) -> FileTarget {
        FileTarget(
            place: .directory(path), compression: compression, rolling: rolling,
            overwrite: overwrite, format: format)
    }

    /// Devices and pipes take nothing back.
    var guarantee: DeliveryGuarantee {
        if case .file(let path) = place, (try? OutputFile.isDevice(path)) == true {
            return .atLeastOnce
        }
        return .transactional
    }

    var maximumParallelism: Int? { if case .file = place { 1 } else { nil } }

    /// The phrase for plans: `CSV file out.csv`.
    func summary(_ formatName: String) -> String {
        switch place {
        case .file(let path): "\(formatName) file \(path)"
        case .directory(let path): "\(formatName) files in \(path)"
        }
    }

    /// The path of a writer's file.
    func path(subtask: Int, part: Int) -> String {
        switch place {
        case .file(let path): path
        case .directory(let path): join(path, "part-\(subtask)-\(part)\(suffix)")
        }
    }

    /// Checks what can be known before anything is written, and leaves no trace.
    ///
    /// - Throws: ``FileError/exists(path:)``, ``FileError/traitMissing(path:_:)``, or
    ///   ``FileSystemError`` for a place that cannot be written.
    ///
    /// - Parameter isRestored: Whether the job goes on from a checkpoint, and so may find files.
    func validate(isRestored: Bool = false) throws {
        try rolling.validate()
        let path = path(subtask: 0, part: 0)
        guard compression.isAvailable else { throw FileError.traitMissing(path: path, compression) }
        switch place {
        case .file(let path):
            // Beside a device nothing is made.
            guard try !OutputFile.isDevice(path) else { return }
            try OutputFile.checkFree(path, overwrite: overwrite || isRestored)
            try FileTree.checkWritable(FileTree.parent(of: path))
        case .directory(let directory):
            try FileTree.checkWritable(directory)
            guard !overwrite, !isRestored,
                let old = try parts().first(where: { $0.staging == nil })
            else { return }
            throw FileError.exists(path: join(directory, old.text))
        }
    }

    /// Removes the files of an earlier run that this one did not replace, once a writer has
    /// finished: those of its subtask from `part` on, and the first writer those of subtasks that
    /// there no longer are. Otherwise the results of two runs would lie side by side.
    func removeOldParts(subtask: Int, from part: Int, parallelism: Int) throws {
        guard overwrite else { return }
        try remove { old in
            old.staging == nil && old.isFor(subtask, of: parallelism)
                && !(old.epoch == nil && old.subtask == subtask && old.part < part
                    && old.compression == compression)
        }
    }

    /// Removes the parts for which `isMeant` holds.
    func remove(where isMeant: (PartName) -> Bool) throws {
        guard case .directory(let directory) = place else { return }
        for part in try parts() where isMeant(part) {
            try FileTree.remove(join(directory, part.text))
        }
    }

    /// The parts of this format in the directory, however compressed; those staged as well.
    private func parts() throws -> [PartName] {
        guard case .directory(let directory) = place,
            try FileStatus.ifPresent(directory) != nil
        else { return [] }
        return try FileTree.names(in: directory).compactMap { PartName($0, format: format) }
    }

    /// The path of a part of an epoch.
    func path(_ part: PartName) -> String {
        guard case .directory(let directory) = place else { return path(subtask: 0, part: 0) }
        return join(directory, part.text)
    }

    /// The directory in which the files are.
    var directory: String {
        switch place {
        case .file(let path): FileTree.parent(of: path)
        case .directory(let path): path
        }
    }

    private var suffix: String { ".\(format)\(compression.fileExtension)" }

    private func join(_ directory: String, _ name: String) -> String {
        directory.isEmpty || directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }
}
