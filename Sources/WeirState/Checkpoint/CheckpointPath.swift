import WeirCore

/// The names of files in a checkpoint directory.
enum CheckpointPath {
    static let segmentSuffix = ".segment"
    /// What ends the name of a file or directory that is not complete, or is being removed.
    static let partialSuffix = ".partial"
    static let manifest = "manifest.json"

    static func segments(_ root: String) -> String { root + "/segments" }
    static func checkpoints(_ root: String) -> String { root + "/checkpoints" }
    static func origin(_ root: String) -> String { root + "/restored.json" }
    static func owner(_ root: String) -> String { root + "/owner.json" }
    static func segment(_ root: String, _ name: String) -> String {
        segments(root) + "/" + name + segmentSuffix
    }
    static func checkpoint(_ root: String, _ epoch: Epoch) -> String {
        checkpoints(root) + "/" + name(of: epoch)
    }
    static func manifest(_ root: String, _ epoch: Epoch) -> String {
        checkpoint(root, epoch) + "/" + manifest
    }

    /// The name of an epoch's directory: its number with twelve digits, so that names sort as
    /// epochs.
    static func name(of epoch: Epoch) -> String {
        let digits = String(epoch.number)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    /// The epoch of a directory's name; `nil` where it is not one that `name(of:)` gives.
    static func epoch(ofName name: some StringProtocol) -> Epoch? {
        guard name.utf8.count >= 12, name.utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(name), Self.name(of: Epoch(number)) == name
        else { return nil }
        return Epoch(number)
    }

    /// `path` without slashes at its end.
    static func trimmed(_ path: String) -> String {
        var rest = path[...]
        while rest.utf8.count > 1, rest.utf8.last == UInt8(ascii: "/") { rest.removeLast() }
        return rest.isEmpty ? "." : String(rest)
    }

    /// The directory that holds `path`: `.` for a bare name.
    static func parent(of path: String) -> String {
        let path = trimmed(path)
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : trimmed(String(path[..<slash]))
    }

    /// The last name in `path`.
    static func lastName(of path: String) -> Substring {
        let path = trimmed(path)
        guard let slash = path.lastIndex(of: "/") else { return path[...] }
        return path[path.index(after: slash)...]
    }
}
