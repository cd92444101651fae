import WeirRuntime

/// A pattern for paths, as a shell has it: `*` and `?` within a name, `[a-z]` and `[!a-z]` for one
/// character of a name, and `**` as a whole name for any number of directories, none included (symbolic links
/// to directories are not followed there).
///
/// Hidden files and directories match only a name that itself begins with a dot. A path that is
/// there as it is written is taken as it is, whatever characters it holds.
struct FilePattern {
    private let text: String

    init(_ text: String) { self.text = text }

    /// The files that match, sorted by their bytes; directories do not count, but a directory that
    /// is named as such is an error.
    ///
    /// - Throws: ``FileError/noMatch(pattern:)``; ``FileSystemError`` for a path without wildcards
    ///   that is not there or is a directory, or a directory that cannot be listed.
    func matches() throws -> [String] {
        if let status = try? FileStatus.ifPresent(text) {
            guard !status.isDirectory else {
                throw FileSystemError.isDirectory("read", text)
            }
            return [text]
        }
        guard text.utf8.contains(where: Self.isWildcard) else {
            _ = try FileStatus.of(text)  // says why it is not there
            return [text]
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: true).map {
            Array($0.utf8)
        }
        var found: Set<String> = []
        try collect(parts[...], below: text.hasPrefix("/") ? "/" : "", into: &found)
        guard !found.isEmpty else { throw FileError.noMatch(pattern: text) }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func collect(
        _ parts: ArraySlice<[UInt8]>, below directory: String, into found: inout Set<String>
    ) throws {
        guard let part = parts.first else { return }
        let rest = parts.dropFirst()
        if part == Array("**".utf8) {
            try collect(rest.isEmpty ? [[0x2a]] : rest, below: directory, into: &found)
            for name in try FileTree.names(in: directory) where !name.hasPrefix(".") {
                let path = directory + name
                // A link could lead back up, and the search would never end.
                if Self.isDirectory(path) && !FileStatus.isLink(path) {
                    try collect(parts, below: path + "/", into: &found)
                }
            }
            return
        }
        for name in try candidates(for: part, in: directory) {
            let path = directory + name
            if rest.isEmpty {
                guard let status = try FileStatus.ifPresent(path) else {
                    // A link to nowhere stands for data that is missing; passing over it would lose
                    // that data without a word.
                    if FileStatus.isLink(path) { _ = try FileStatus.of(path) }
                    continue
                }
                if !status.isDirectory { found.insert(path) }
            } else if Self.isDirectory(path) {
                try collect(rest, below: path + "/", into: &found)
            }
        }
    }

    /// The names in `directory` that `part` matches, without listing it when there is no need.
    private func candidates(for part: [UInt8], in directory: String) throws -> [String] {
        guard part.contains(where: Self.isWildcard) else {
            return [String(decoding: part, as: UTF8.self)]
        }
        return try FileTree.names(in: directory).filter { name in
            (!name.hasPrefix(".") || part.first == UInt8(ascii: "."))
                && Self.matches(Array(name.utf8)[...], part[...])
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        (try? FileStatus.ifPresent(path))?.isDirectory == true
    }

    private static func isWildcard(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "[")
    }
}

// MARK: - Matching one name

extension FilePattern {
    /// Whether `pattern` matches the whole of `name`.
    ///
    /// - Complexity: O(name × pattern): only the last `*` is ever tried again.
    static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        var name = name
        var pattern = pattern
        var retry: (name: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (name, pattern)
            } else if name.isEmpty && pattern.isEmpty {
                return true
            } else if let rest = matchOne(&name, pattern) {
                pattern = rest
            } else if let (skipped, after) = retry, !skipped.isEmpty {
                name = dropCharacter(skipped)
                pattern = after
                retry = (name, after)
            } else {
                return false
            }
        }
    }

    /// Matches one character of `name` against the head of `pattern`.
    ///
    /// - Returns: What is left of the pattern; `nil` when they do not match.
    private static func matchOne(
        _ name: inout ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8>? {
        guard let byte = name.first, let mark = pattern.first else { return nil }
        if mark == UInt8(ascii: "?") {
            name = dropCharacter(name)
            return pattern.dropFirst()
        }
        if mark == UInt8(ascii: "["), let (isMember, rest) = matchSet(byte, pattern) {
            guard isMember else { return nil }
            name = dropCharacter(name)
            return rest
        }
        guard byte == mark else { return nil }
        name = name.dropFirst()
        return pattern.dropFirst()
    }

    /// Judges `byte` by the set that `pattern` begins with; `nil` when the set is not closed, so
    /// that its bracket stands for itself.
    private static func matchSet(
        _ byte: UInt8, _ pattern: ArraySlice<UInt8>
    ) -> (isMember: Bool, rest: ArraySlice<UInt8>)? {
        var set = pattern.dropFirst()
        let isNegated = set.first == UInt8(ascii: "!") || set.first == UInt8(ascii: "^")
        if isNegated { set = set.dropFirst() }
        // A bracket that comes first is a member.
        guard let end = set.dropFirst().firstIndex(of: UInt8(ascii: "]")) else { return nil }
        var members = set[..<end]
        var isMember = false
        while let low = members.first {
            members = members.dropFirst()
            var high = low
            if members.count > 1, members.first == UInt8(ascii: "-") {
                members = members.dropFirst()
                high = members.removeFirst()
            }
            if low <= byte && byte <= high { isMember = true }
        }
        return (isMember != isNegated, set[(end + 1)...])
    }

    /// Drops one character, which may be several bytes of UTF-8.
    private static func dropCharacter(_ name: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        name.dropFirst().drop { $0 & 0xc0 == 0x80 }
    }
}
