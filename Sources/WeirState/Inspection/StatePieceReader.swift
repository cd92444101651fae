import WeirCore

/// Reads what one subtask saved of a part, entry by entry, by its forms alone.
struct StatePieceReader {
    private let saved: SavedState

    init(_ saved: SavedState) { self.saved = saved }

    /// The number of entries, as far as it can be told without reading them.
    ///
    /// - Complexity: A table's is in its directory; of lists and timers all blocks are read.
    func entryCount() throws -> Int {
        switch saved.layout.arrangement {
        case "table": return try StateTableDirectory(saved).entryCount
        case "slices":
            return try SavedSlices(saved).slices.reduce(0) {
                $0 + (try StateTableDirectory($1.table).entryCount)
            }
        case "list", "timers":
            return try (0..<saved.blockCount).reduce(0) { sum, block in
                try StateReader.reading(try saved.block(block)) { reader in
                    sum + (try reader.readCount(atLeast: 0))
                }
            }
        default: return saved.blockCount
        }
    }

    /// Calls `body` with each entry: its key, where there is one, and its value, as JSON.
    func forEachEntry(_ body: (_ key: String?, _ value: String) throws -> Void) throws {
        switch saved.layout.arrangement {
        case "table": try forEachEntryOfTable(body)
        case "slices": try forEachEntryOfSlices(body)
        case "list", "timers":
            for block in 0..<saved.blockCount { try forEachElement(of: block, body) }
        case "cell", "splits", "transactions":
            for block in 0..<saved.blockCount {
                try read(block) { reader in
                    try body(nil, try saved.layout.value.json(from: &reader))
                }
            }
        default: try body(nil, try summary())
        }
    }

    private func forEachEntryOfTable(_ body: (String?, String) throws -> Void) throws {
        guard let key = saved.layout.key else {
            throw StateFormatError("a table without a form of its keys")
        }
        let directory = try StateTableDirectory(saved)
        for block in 0..<saved.blockCount {
            guard case .entries = directory.block(at: block) else { continue }
            try read(block) { reader in
                for _ in 0..<(try reader.readCount(atLeast: 0)) {
                    try body(
                        try key.json(from: &reader), try saved.layout.value.json(from: &reader))
                }
            }
        }
    }

    /// The value of a slice's key comes with the slice's times.
    private func forEachEntryOfSlices(_ body: (String?, String) throws -> Void) throws {
        for slice in try SavedSlices(saved).slices {
            let (start, end) = (slice.start.iso8601, slice.end.iso8601)
            try StatePieceReader(slice.table).forEachEntryOfTable { key, value in
                try body(key, #"{"start":"\#(start)","end":"\#(end)","state":\#(value)}"#)
            }
        }
    }

    private func forEachElement(
        of block: Int, _ body: (String?, String) throws -> Void
    ) throws {
        try read(block) { reader in
            for _ in 0..<(try reader.readCount(atLeast: 0)) {
                try body(nil, try saved.layout.value.json(from: &reader))
            }
        }
    }

    private func read(_ block: Int, _ body: (inout StateReader) throws -> Void) throws {
        try StateReader.reading(try saved.block(block)) { reader in
            try body(&reader)
            guard reader.left == 0 else {
                throw StateFormatError("\(reader.left) bytes are left after a block's last entry")
            }
        }
    }

    /// What can be said of an arrangement that this version does not know.
    private func summary() throws -> String {
        let bytes = try (0..<saved.blockCount).reduce(0) { $0 + (try saved.block($1)).count }
        return #"{"arrangement":\#(StateText.quoted(saved.layout.arrangement)),"#
            + #""blocks":\#(saved.blockCount),"bytes":\#(bytes)}"#
    }
}
