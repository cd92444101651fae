import WeirCore

/// The pages of a table that are not in memory, and where they are found.
///
/// Confined to the table's worker.
final class AbsentPages<Key: StreamKey, Value> {
    // SAFETY: `tags[page]`, where there is any, has as many elements as the page has entries; each is
    // made here and freed when the page is loaded or forgotten, or by deinit.
    typealias Entry = StateTableEntry<Key, Value>
    /// The hashes of the keys of each absent page, which the index is made of anew when it grows.
    private var tags: ContiguousArray<UnsafeMutablePointer<UInt32>?> = []
    private let saved: StateTableReader<Key, Value>
    private let ownership: KeyOwnership
    /// The number of absent pages.
    private(set) var count = 0
    private var firstAbsent = 0

    /// Pages that a checkpoint has.
    init(_ saved: StateTableReader<Key, Value>, ownership: KeyOwnership) {
        self.saved = saved
        self.ownership = ownership
    }

    deinit { forgetAll() }

    /// Whether no page is absent any more.
    var isEmpty: Bool { count == 0 }

    /// Adds a group of absent pages by the tags of their keys.
    func append(_ tags: [UInt32]) {
        for first in stride(from: 0, to: tags.count, by: StatePage.size) {
            let part = tags[first..<min(tags.count, first + StatePage.size)]
            let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: part.count)
            _ = UnsafeMutableBufferPointer(start: copy, count: part.count).initialize(from: part)
            self.tags.append(copy)
            count += 1
        }
    }

    /// The tag of an entry; `nil` where its page is not absent.
    func tag(of number: Int) -> UInt32? {
        tags[number >> StatePage.shift]?[number & (StatePage.size - 1)]
    }

    /// An absent page that may be loaded ahead; `nil` where there is none.
    func nextToLoad() -> Int? {
        while firstAbsent < tags.count, tags[firstAbsent] == nil { firstAbsent += 1 }
        return firstAbsent < tags.count ? firstAbsent : nil
    }

    /// Reads a page of so many entries into memory that is the caller's from then on.
    ///
    /// - Throws: ``StateFormatError`` where it is not what was saved; the page stays absent.
    func load(_ page: Int, count: Int) throws -> UnsafeMutableRawPointer {
        guard page < tags.count, let expected = tags[page] else {
            throw StateFormatError.lostPage(page)
        }
        let entries = StateTable<Key, Value>.allocatePage()
        let bound = entries.bindMemory(to: Entry.self, capacity: StatePage.size)
        var filled = 0
        do {
            try saved.readEntries(in: saved.block(ofPage: page), count: count) { key, value in
                guard key.stableTag == expected[filled], ownership.owns(hash: key.stableHash)
                else {
                    throw StateFormatError(
                        "the key \(key) does not have the hash that it was saved under")
                }
                (bound + filled).initialize(to: Entry(key: key, value: value))
                filled += 1
            }
        } catch {
            StateTable<Key, Value>.free(entries, count: filled)
            throw error
        }
        forget(page)
        return entries
    }

    /// Forgets an absent page.
    func forget(_ page: Int) {
        guard page < tags.count, let forgotten = tags[page] else { return }
        forgotten.deallocate()
        tags[page] = nil
        count -= 1
    }

    /// Forgets all of them.
    func forgetAll() {
        for page in tags.indices { forget(page) }
        tags = []
        firstAbsent = 0
    }

    /// What a snapshot reads them from; those that are loaded later are still found there.
    func snapshot(
        _ codecs: StateTableCodecs<Key, Value>
    ) -> AbsentPagesSnapshot<Key, Value> {
        AbsentPagesSnapshot(saved: saved, codecs: codecs)
    }
}

/// The pages that were not in memory at a barrier.
struct AbsentPagesSnapshot<Key: StreamKey, Value>: Sendable {
    let saved: StateTableReader<Key, Value>
    let codecs: StateTableCodecs<Key, Value>

    /// Writes the block of an absent page, as it is where that is possible.
    func write(_ page: Int, to output: inout StateWriter) throws {
        let block = try saved.block(ofPage: page)
        if saved.isSameForm { return output.write(raw: block) }
        let count = saved.directory.entryCount(ofPage: page)
        output.write(varint: UInt64(count))
        try saved.readEntries(in: block, count: count) { key, value in
            try codecs.key.write(key, &output)
            try codecs.value.write(value, &output)
        }
    }

    /// Writes the hashes of the keys of an absent page.
    func writeHashes(of page: Int, count: Int, to output: inout StateWriter) throws {
        try saved.readEntries(ofPage: page) { key, _ in output.write(tag: key.stableTag) }
    }
}
