import WeirCore

/// The name of a file among those of a directory that a sink writes: `part-2-0.csv`, by subtask and
/// number; in a job with checkpoints `part-2-17-0.csv`, by subtask, epoch and number.
///
/// Until its epoch is committed, the latter is hidden and bears its owner:
/// `.part-2-17-0.csv.5f0c….staged`.
struct PartName: Equatable, Sendable {
    let subtask: Int
    let epoch: Epoch?
    let part: Int
    let format: String
    let compression: FileCompression
    /// Who has staged it; `nil` once it has its final name.
    var staging: String?

    /// Names a part of an epoch.
    init(
        subtask: Int, epoch: Epoch, part: Int, format: String, compression: FileCompression,
        staging: String?
    ) {
        self.subtask = subtask
        self.epoch = epoch
        self.part = part
        self.format = format
        self.compression = compression
        self.staging = staging
    }

    /// Reads a name; `nil` when it is none of a part in this format.
    init?(_ text: String, format: String) {
        var pieces = text.split(separator: ".", omittingEmptySubsequences: false)
        if text.hasPrefix("."), pieces.last == "staged", pieces.count > 3 {
            pieces.removeFirst()
            pieces.removeLast()
            staging = pieces.popLast().map { String($0) }
        }
        guard let stem = pieces.first, pieces.count > 1 else { return nil }
        let suffix = pieces.dropFirst().joined(separator: ".")
        let kind = FileCompression.allCases.first { suffix == "\(format)\($0.fileExtension)" }
        let words = stem.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = words.dropFirst().compactMap { Int($0) }
        guard let kind, words.first == "part", numbers.count == words.count - 1,
            numbers.count == 2 && staging == nil || numbers.count == 3
        else { return nil }
        subtask = numbers[0]
        epoch = numbers.count == 3 ? Epoch(numbers[1]) : nil
        part = numbers[numbers.count - 1]
        self.format = format
        compression = kind
    }

    /// The name.
    var text: String {
        let numbers = epoch.map { "\(subtask)-\($0)-\(part)" } ?? "\(subtask)-\(part)"
        let name = "part-\(numbers).\(format)\(compression.fileExtension)"
        return staging.map { ".\(name).\($0).staged" } ?? name
    }

    /// Whether writer `subtask` is to clean up after this part: it is its own, or, for the first
    /// writer, one of a subtask that there no longer is.
    func isFor(_ subtask: Int, of parallelism: Int) -> Bool {
        self.subtask == subtask || subtask == 0 && self.subtask >= parallelism
    }
}
