import WeirCore

/// A table as it was at a barrier.
///
/// The blocks of each group of pages come together: the pages' entries, and then one block with
/// their hashes, from which a restore makes the index without reading the entries.
final class StateTableSnapshot<Key: StreamKey, Value>: StateSnapshot, @unchecked Sendable {
    // Unchecked: all it holds is constant; what changes in `pages` is behind the lock of `shared`.
    typealias Entry = StateTableEntry<Key, Value>
    private let pages: SnapshotPages
    private let shared: SharedPages
    private let codecs: StateTableCodecs<Key, Value>
    private let absent: AbsentPagesSnapshot<Key, Value>?
    private let form: StateTableDirectory

    init(
        _ pages: SnapshotPages, shared: SharedPages, codecs: StateTableCodecs<Key, Value>,
        absent: AbsentPagesSnapshot<Key, Value>?
    ) {
        self.pages = pages
        self.shared = shared
        self.codecs = codecs
        self.absent = absent
        form = StateTableDirectory(
            entryCount: pages.entryCount, pageSize: StatePage.size, groupSize: StatePage.groupSize)
        shared.open(self.pages)
    }

    deinit { release() }

    var directory: [UInt8] { form.bytes }

    var blocks: [StateBlock] {
        form.blocks.map { block in
            switch block {
            case .entries(let page):
                StateBlock(id: UInt64(form.id(of: block)), isChanged: pages.isChanged(page))
            case .hashes(let group):
                StateBlock(
                    id: UInt64(form.id(of: block)), isChanged: pages.isChanged(group: group))
            }
        }
    }

    func write(_ index: Int, to output: inout StateWriter) throws {
        switch form.block(at: index) {
        case .entries(let page):
            try writeEntries(of: page, to: &output)
            let group = page / StatePage.groupSize
            if !pages.isChanged(group: group) { finish(page..<page + 1) }
        case .hashes(let group):
            let members = form.pages(ofGroup: group)
            for page in members { try writeHashes(of: page, to: &output) }
            finish(members)
        }
    }

    private func writeEntries(of page: Int, to output: inout StateWriter) throws {
        let count = StatePage.entryCount(of: page, in: pages.entryCount)
        guard let entries = pages.directory[page].entries else {
            return try writeAbsent(page, to: &output)
        }
        try codecs.write(
            UnsafeBufferPointer(start: entries.assumingMemoryBound(to: Entry.self), count: count),
            to: &output)
    }

    private func writeHashes(of page: Int, to output: inout StateWriter) throws {
        let count = StatePage.entryCount(of: page, in: pages.entryCount)
        guard let entries = pages.directory[page].entries else {
            return try writeAbsentHashes(page, count: count, to: &output)
        }
        let bound = entries.assumingMemoryBound(to: Entry.self)
        for number in 0..<count { output.write(tag: bound[number].key.stableTag) }
    }

    private func writeAbsent(_ page: Int, to output: inout StateWriter) throws {
        guard let absent else { throw StateFormatError.lostPage(page) }
        try absent.write(page, to: &output)
    }

    private func writeAbsentHashes(_ page: Int, count: Int, to output: inout StateWriter) throws {
        guard let absent else { throw StateFormatError.lostPage(page) }
        try absent.writeHashes(of: page, count: count, to: &output)
    }

    /// Gives up pages that have been written; those that the table has left behind are freed.
    private func finish(_ range: Range<Int>) {
        for page in shared.finish(range, of: pages) {
            guard let entries = pages.directory[page].entries else { continue }
            StateTable<Key, Value>.free(
                entries, count: StatePage.entryCount(of: page, in: pages.entryCount))
        }
    }

    func release() {
        // By parts, so that the worker never waits long for the lock.
        for first in stride(from: 0, to: pages.count, by: StatePage.groupSize) {
            finish(first..<min(pages.count, first + StatePage.groupSize))
        }
        shared.close(pages)
    }
}

extension StateWriter {
    /// Writes the upper half of a hash, the lowest byte first.
    mutating func write(tag: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) {
            write(byte: UInt8(truncatingIfNeeded: tag >> UInt32(shift)))
        }
    }
}

extension StateReader {
    mutating func readTag() throws(StateFormatError) -> UInt32 {
        var tag: UInt32 = 0
        for shift in stride(from: 0, to: 32, by: 8) {
            tag |= UInt32(try readByte()) << UInt32(shift)
        }
        return tag
    }
}

extension StreamKey {
    /// The half of the stable hash that a table's index uses; key groups use the other.
    var stableTag: UInt32 { UInt32(truncatingIfNeeded: stableHash >> 32) }
}
