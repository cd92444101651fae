import WeirCore
import WeirRuntime

/// The files that a source reads, and the splits that they make.
///
/// A split's id is the file's path as the pattern yields it, and `path#start-end` for a byte range
/// of it, so the same files give the same ids in every run.
struct FileSet: Sendable {
    let patterns: [String]
    let options: FileReadOptions

    /// The paths, each once, in the order of the patterns and sorted within one.
    ///
    /// - Throws: ``FileError/noMatch(pattern:)``, ``FileError/noPattern`` or ``FileSystemError``.
    func paths() throws -> [String] {
        guard !patterns.isEmpty else { throw FileError.noPattern }
        var seen: Set<String> = []
        var paths: [String] = []
        for pattern in patterns {
            let found =
                pattern == OpenInput.standardInputPath
                ? [pattern] : try FilePattern(pattern).matches()
            for path in found where seen.insert(path).inserted { paths.append(path) }
        }
        return paths
    }

    /// The splits of all files.
    ///
    /// Opens each regular file, so that one that cannot be read is known before the job runs.
    ///
    /// - Parameters:
    ///   - inRanges: Whether a large plain file may fall into byte ranges.
    ///   - check: Called with the path of each regular file.
    func splits(inRanges: Bool, check: (String) throws -> Void) throws -> [SourceSplit] {
        try options.validate()
        var splits: [SourceSplit] = []
        for path in try paths() {
            guard path != OpenInput.standardInputPath, try FileStatus.of(path).isRegular else {
                splits.append(SourceSplit(id: path))
                continue
            }
            let input = try OpenInput(path, options: options)
            try check(path)
            let size = try FileStatus.of(path).size
            if inRanges && input.compression == .plain && size > options.splitBytes {
                splits += Self.ranges(of: path, size: size, splitBytes: options.splitBytes)
            } else {
                splits.append(SourceSplit(id: path))
            }
        }
        return splits
    }

    /// The last range ends where it would if the file went on, so that its name stays the same
    /// when the file has grown.
    private static func ranges(of path: String, size: Int64, splitBytes: Int64) -> [SourceSplit] {
        stride(from: 0, to: size, by: Int64.Stride(splitBytes)).map { start in
            let end = start + splitBytes
            return SourceSplit(id: "\(path)#\(start)-\(end)", start: start, end: end)
        }
    }

    /// Whether all of it is files; a pipe shows only once it is opened.
    var isReplayable: Bool { !patterns.contains(OpenInput.standardInputPath) }

    /// The path of the file that `split` belongs to.
    static func path(of split: SourceSplit) throws -> String {
        guard let end = split.end else { return split.id }
        let suffix = "#\(split.start)-\(end)"
        guard split.id.hasSuffix(suffix) else { throw FileError.unknownSplit(id: split.id) }
        return String(split.id.dropLast(suffix.count))
    }

    /// The number of line feeds in the first `length` bytes of a plain file.
    ///
    /// For the line number of a bad record in a byte range: read only when there is one.
    static func lines(in path: String, before length: Int64) throws -> Int {
        let file = try FileDescriptor.reading(path)
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        var left = length
        var lines = 0
        while left > 0, let found = try file.read(into: &buffer, from: 0), found > 0 {
            for byte in buffer[..<min(found, Int(clamping: left))] where byte == 10 { lines += 1 }
            left -= Int64(found)
        }
        return lines
    }
}

extension SourceSplit {
    /// Where reading goes on; `nil` where it is to begin at the start.
    var resumedPosition: SplitPosition? {
        guard let position, !position.details.isEmpty else { return nil }
        return position
    }
}

extension FileSet {
    /// The phrase for plans: `CSV files data/*.csv`.
    func summary(_ format: String) -> String {
        let names = patterns.map { OpenInput.displayName($0) }
        return "\(format) files \(names.joined(separator: ", "))"
    }
}
