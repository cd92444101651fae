public import WeirCore

/// The arrangement `table`: which block of a saved table holds what.
///
/// The directory's bytes are three varints: the number of entries, of entries to a page, and of pages
/// to a group. The blocks of a group come together: first a block for each of its pages, with a
/// varint count and so many keys and values by turns; then one with the upper halves of the hashes
/// of their keys, four bytes each, the lowest first, which one who reads entries passes over.
public struct StateTableDirectory: Hashable, Sendable {
    /// The number of entries.
    public let entryCount: Int
    let pageSize: Int
    let groupSize: Int

    /// What a block holds.
    public enum Block: Hashable, Sendable {
        /// The entries of a page.
        case entries(page: Int)
        /// The hashes of a group's keys.
        case hashes(group: Int)
    }

    init(entryCount: Int, pageSize: Int, groupSize: Int) {
        self.entryCount = entryCount
        self.pageSize = pageSize
        self.groupSize = groupSize
    }

    /// Reads the directory of a saved table.
    ///
    /// - Throws: ``StateFormatError`` where it is none, or does not go with its number of blocks.
    public init(_ saved: SavedState) throws {
        guard saved.layout.arrangement == "table" else {
            throw StateFormatError("a table was expected, and '\(saved.layout.arrangement)' found")
        }
        let limit = UInt64(1 << 40)
        let numbers = try StateReader.reading(saved.directory) { reader in
            try (0..<3).map { _ in try reader.readVarint() }
        }
        guard numbers[0] < limit, 1..<limit ~= numbers[1], 1..<limit ~= numbers[2] else {
            throw StateFormatError("a table's directory is corrupt")
        }
        self.init(
            entryCount: Int(numbers[0]), pageSize: Int(numbers[1]), groupSize: Int(numbers[2]))
        guard blockCount == saved.blockCount else {
            throw StateFormatError(
                "a table of \(entryCount) entries has \(saved.blockCount) blocks, not \(blockCount)"
            )
        }
    }

    var bytes: [UInt8] {
        var output = StateWriter()
        for number in [entryCount, pageSize, groupSize] { output.write(varint: UInt64(number)) }
        return output.bytes
    }

    var pageCount: Int { (entryCount + pageSize - 1) / pageSize }
    var groupCount: Int { (pageCount + groupSize - 1) / groupSize }
    var blockCount: Int { pageCount + groupCount }

    /// What the blocks hold, in their order.
    public var blocks: [Block] { (0..<blockCount).map(block(at:)) }

    /// What a block holds, by its place.
    public func block(at index: Int) -> Block {
        let group = index / (groupSize + 1)
        let isHashes = index == blockCount - 1 || index % (groupSize + 1) == groupSize
        return isHashes ? .hashes(group: group) : .entries(page: index - group)
    }

    /// Where a block is.
    func index(of block: Block) -> Int {
        switch block {
        case .entries(let page): page + page / groupSize
        case .hashes(let group): min(blockCount, (group + 1) * (groupSize + 1)) - 1
        }
    }

    /// The identity of a block, the same whatever the number of entries.
    func id(of block: Block) -> Int {
        switch block {
        case .entries(let page): page + page / groupSize
        case .hashes(let group): (group + 1) * (groupSize + 1) - 1
        }
    }

    func pages(ofGroup group: Int) -> Range<Int> {
        group * groupSize..<min(pageCount, (group + 1) * groupSize)
    }

    func entryCount(ofPage page: Int) -> Int { min(pageSize, entryCount - page * pageSize) }
}
