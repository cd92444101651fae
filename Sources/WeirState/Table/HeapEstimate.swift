import WeirCore

/// What the entries of a table have on the heap, as far as the size of their written form tells.
///
/// Strings, arrays and dictionaries take memory beside the entry that no one can ask for. Written, they
/// take their elements' bytes without room to grow, headers and padding; twice that is nearer the
/// truth. What is seen later weighs more.
struct HeapEstimate {
    private(set) var bytesOfEntry = 0
    /// How many looks are left out.
    private var looksToSkip = 0
    private var hasSeen = false
    /// Whether entries have no form, so that nothing is known.
    var hasNoForm = false

    /// Notes the written size of some entries.
    mutating func note(bytes: Int, entries: Int) {
        guard entries > 0 else { return }
        let found = bytes * 2 / entries
        bytesOfEntry += hasSeen ? (found - bytesOfEntry) / 4 : found
        hasSeen = true
    }

    /// Whether to look at entries now.
    mutating func shouldLook() -> Bool {
        looksToSkip -= looksToSkip > 0 ? 1 : 0
        return looksToSkip == 0
    }

    /// Notes what a look has written: one at large entries, such as a set of a million values, is paid for by
    /// leaving out the next ones. Not more than a few seconds' worth of them: what was seen may be an exception, or grow.
    mutating func noteLook(bytes: Int) { looksToSkip = min(bytes / 16_384, 63) + 1 }

    /// After how many bytes a look ends.
    static var bytesOfLook: Int { 1 << 18 }
}

extension StateTable {
    /// Whether entries have nothing beside their own bytes.
    private static var isFlat: Bool { _isPOD(Entry.self) }

    /// What a page counts as.
    var bytesOfPage: Int { Self.pageBytes + heap.bytesOfEntry * StatePage.size }

    /// Notes the written size of some entries.
    func noteWritten(bytes: Int, entries: Int) {
        guard !Self.isFlat else { return }
        heap.note(bytes: bytes, entries: entries)
        resident?.setBytesOfPage(bytesOfPage)
    }

    /// Writes a few entries of one page, another one at each call, to see how large they are.
    func sampleHeap() {
        guard !Self.isFlat, !heap.hasNoForm, pageCount > 0, heap.shouldLook() else { return }
        guard let codecs = try? findCodecs() else {
            heap.hasNoForm = true
            return
        }
        sampledPage = sampledPage + 1 < pageCount ? sampledPage + 1 : 0
        let count = StatePage.entryCount(of: sampledPage, in: entryCount)
        guard count > 0, let entries = pages[sampledPage].entries else { return }
        var output = StateWriter()
        var written = 0
        for number in stride(from: 0, to: count, by: max(1, count / 8)) {
            let entry = entries.assumingMemoryBound(to: Entry.self)[number]
            guard (try? codecs.key.write(entry.key, &output)) != nil,
                (try? codecs.value.write(entry.value, &output)) != nil
            else { return }
            written += 1
            if output.count >= HeapEstimate.bytesOfLook { break }
        }
        noteWritten(bytes: output.count, entries: written)
        heap.noteLook(bytes: output.count)
    }
}
