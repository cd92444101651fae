import WeirCore

/// The pages of a table that are not in memory, and where they are found: in the checkpoint that the
/// table was restored from, or in a store that it puts pages into when its memory is short.
///
/// Confined to the table's worker.
final class AbsentPages<Key: StreamKey, Value> {
    // SAFETY: `tags[page]`, where there is any, has as many elements as the page has entries; each is
    // made here and freed when the page is loaded or forgotten, or by deinit.
    typealias Entry = StateTableEntry<Key, Value>
    /// The hashes of the keys of each absent page, which the index is made of anew when it grows.
    private var tags: ContiguousArray<UnsafeMutablePointer<UInt32>?> = []
    /// Whether each page, where it is absent, is in the store, and not in the checkpoint.
    private var isStored: ContiguousArray<Bool> = []
    private let codecs: StateTableCodecs<Key, Value>
    private var saved: StateTableReader<Key, Value>?
    private var ownership: KeyOwnership?
    /// Where pages go that there is no memory for.
    let store: (any PageStore)?
    /// The number of absent pages.
    private(set) var count = 0
    private var firstAbsent = 0

    /// No pages yet.
    init(_ codecs: StateTableCodecs<Key, Value>, store: (any PageStore)? = nil) {
        self.codecs = codecs
        self.store = store
    }

    deinit { forgetAll() }

    /// Whether nothing will be asked for any more.
    var isOver: Bool { count == 0 && store == nil }

    /// Adds the pages of a checkpoint, as the only ones.
    func adopt(
        _ reader: StateTableReader<Key, Value>, ownership: KeyOwnership, tags: [[UInt32]]
    ) {
        forgetAll()
        saved = reader
        self.ownership = ownership
        for group in tags {
            for first in stride(from: 0, to: group.count, by: StatePage.size) {
                add(self.tags.count, group[first..<min(group.count, first + StatePage.size)])
            }
        }
    }

    /// Notes a page as absent.
    private func add(_ page: Int, _ pageTags: some Collection<UInt32>) {
        while tags.count <= page {
            tags.append(nil)
            isStored.append(false)
        }
        let copy = UnsafeMutablePointer<UInt32>.allocate(capacity: pageTags.count)
        _ = UnsafeMutableBufferPointer(start: copy, count: pageTags.count)
            .initialize(from: pageTags)
        tags[page] = copy
        count += 1
        firstAbsent = min(firstAbsent, page)
    }

    /// The tag of an entry; `nil` where its page is not absent.
    func tag(of number: Int) -> UInt32? {
        let page = number >> StatePage.shift
        return page < tags.count ? tags[page]?[number & (StatePage.size - 1)] : nil
    }

    /// A page of the checkpoint that may be loaded ahead; `nil` where there is none.
    func nextToLoad() -> Int? {
        while firstAbsent < tags.count, tags[firstAbsent] == nil || isStored[firstAbsent] {
            firstAbsent += 1
        }
        return firstAbsent < tags.count ? firstAbsent : nil
    }

    /// Puts a page into the store, unless it has it already, and notes it as absent.
    ///
    /// - Returns: The bytes written; `nil` where the store had it.
    func put(_ page: Int, _ entries: UnsafeBufferPointer<Entry>, isClean: Bool) throws -> Int? {
        guard let store else { throw StateFormatError.lostPage(page) }
        var written: Int?
        if !isClean {
            var output = StateWriter(capacity: entries.count * 16)
            try codecs.write(entries, to: &output)
            try store.put(page, output.bytes)
            written = output.count
        }
        add(page, entries.map(\.key.stableTag))
        isStored[page] = true
        return written
    }

    /// Reads a page of so many entries into memory that is the caller's from then on.
    ///
    /// - Returns: The page, the bytes that it takes where it was, and whether the store has it as it is.
    /// - Throws: ``StateFormatError`` where it is not what was saved; the page stays absent.
    func load(
        _ page: Int, count: Int
    ) throws -> (UnsafeMutableRawPointer, bytes: Int, isStored: Bool) {
        guard page < tags.count, let expected = tags[page] else {
            throw StateFormatError.lostPage(page)
        }
        let entries = StateTable<Key, Value>.allocatePage()
        let bound = entries.bindMemory(to: Entry.self, capacity: StatePage.size)
        var filled = 0
        let bytes: Int
        do {
            bytes = try read(page, count: count) { key, value in
                guard key.stableTag == expected[filled],
                    ownership?.owns(hash: key.stableHash) ?? true
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
        let wasStored = isStored[page]
        forget(page)
        return (entries, bytes, wasStored)
    }

    private func read(
        _ page: Int, count: Int, _ body: (Key, Value) throws -> Void
    ) throws -> Int {
        if isStored[page], let store {
            let bytes = try store.get(page)
            try codecs.read(bytes, count: count, body)
            return bytes.count
        }
        guard let saved else { throw StateFormatError.lostPage(page) }
        let bytes = try saved.block(ofPage: page)
        try saved.readEntries(in: bytes, count: count, body)
        return bytes.count
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
        isStored = []
        firstAbsent = 0
    }

    /// What a snapshot reads them from; those that are loaded or put later are found there as they are.
    ///
    /// - Complexity: O(1), but for one copy of a byte a page at the next change.
    func snapshot() throws -> AbsentPagesSnapshot<Key, Value> {
        AbsentPagesSnapshot(
            saved: saved, store: try store?.snapshot(), isStored: isStored, codecs: codecs)
    }
}

/// The pages that were not in memory at a barrier.
struct AbsentPagesSnapshot<Key: StreamKey, Value>: Sendable {
    let saved: StateTableReader<Key, Value>?
    let store: (any PageStoreSnapshot)?
    let isStored: ContiguousArray<Bool>
    let codecs: StateTableCodecs<Key, Value>

    /// Writes the block of an absent page, as it is where that is possible.
    func write(_ page: Int, to output: inout StateWriter) throws {
        if isStored[page], let store { return output.write(raw: try store.get(page)) }
        guard let saved else { throw StateFormatError.lostPage(page) }
        let block = try saved.block(ofPage: page)
        if saved.isSameForm { return output.write(raw: block) }
        let count = saved.directory.entryCount(ofPage: page)
        output.write(varint: UInt64(count))
        try saved.readEntries(in: block, count: count) { key, value in
            try codecs.key.write(key, &output)
            try codecs.value.write(value, &output)
        }
    }

    /// Writes the hashes of the keys of an absent page of so many entries.
    func writeHashes(of page: Int, count: Int, to output: inout StateWriter) throws {
        if isStored[page], let store {
            try codecs.read(store.get(page), count: count) { key, _ in
                output.write(tag: key.stableTag)
            }
        } else if let saved {
            try saved.readEntries(ofPage: page) { key, _ in output.write(tag: key.stableTag) }
        } else {
            throw StateFormatError.lostPage(page)
        }
    }
}
