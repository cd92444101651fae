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
    func validate() throws {
        try rolling.validate()
        let path = path(subtask: 0, part: 0)
        guard compression.isAvailable else { throw FileError.traitMissing(path: path, compression) }
        switch place {
        case .file(let path):
            // Beside a device nothing is made.
            guard try !OutputFile.isDevice(path) else { return }
            try OutputFile.checkFree(path, overwrite: overwrite)
            try FileTree.checkWritable(FileTree.parent(of: path))
        case .directory(let directory):
            try FileTree.checkWritable(directory)
            guard !overwrite, let old = try parts(where: { _, _ in true }).first else { return }
            throw FileError.exists(path: old)
        }
    }

    /// Removes the files of an earlier run that this one did not replace, once a writer has
    /// finished: those of its subtask from `part` on, and the first writer those of subtasks that
    /// there no longer are. Otherwise the results of two runs would lie side by side.
    func removeOldParts(subtask: Int, from part: Int, parallelism: Int) throws {
        guard overwrite else { return }
        let written = Set((0..<part).map { self.path(subtask: subtask, part: $0) })
        let old = try parts { oldSubtask, _ in
            oldSubtask == subtask || subtask == 0 && oldSubtask >= parallelism
        }
        for path in old where !written.contains(path) { try FileTree.remove(path) }
    }

    /// The finished files of this format in the directory, however compressed.
    private func parts(where isMeant: (_ subtask: Int, _ part: Int) -> Bool) throws -> [String] {
        guard case .directory(let directory) = place,
            try FileStatus.ifPresent(directory) != nil
        else { return [] }
        return try FileTree.names(in: directory).filter { name in
            guard let dot = name.firstIndex(of: "."), name.hasPrefix("part-") else { return false }
            let kinds = FileCompression.allCases.map { ".\(format)\($0.fileExtension)" }
            let numbers = name[..<dot].split(separator: "-").dropFirst().map { Int($0) }
            guard kinds.contains(String(name[dot...])), numbers.count == 2,
                let subtask = numbers[0], let part = numbers[1]
            else { return false }
            return isMeant(subtask, part)
        }.map { join(directory, $0) }
    }

    private var suffix: String { ".\(format)\(compression.fileExtension)" }

    private func join(_ directory: String, _ name: String) -> String {
        directory.isEmpty || directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }
}
